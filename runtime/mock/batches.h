// The mock's batch APIs: what becomes of each call about files and batches. It opens no socket, reads no
// clock and knows no format (wire/batch.h has those); the same calls in the same order meet the same faults.
//
// Threads: one.
//
// Invariants:
//   1. A batch is answered and billed once, when it ends: what was not run by then is not billed.
//   2. What is drawn for a batch depends on the seed and on its number; for a line, on its place too.
//   3. What it shows of a batch never goes back.
//
// Bounds: kMostJobs batches, kMostSessions uploads in several calls (then the oldest goes), and those of the
// files.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mock/batch_files.h"
#include "mock/batch_jobs.h"
#include "mock/batch_run.h"
#include "mock/books.h"
#include "mock/decision.h"
#include "mock/options.h"
#include "wire/batch.h"

namespace sluice::mock {

class Batches {
 public:
  Batches(const Options& options, Books& books, BatchFiles& files, core::Time started);

  Decision handle(const wire::BatchCall& call, const http::ServerRequest& request, Moment at);
  // Ends the batches whose time has come.
  void advance(Moment at);
  // Moves the batches' time on.
  void skip(core::Duration batch_time) { clock_.skip(batch_time); }

  static constexpr std::size_t kMostJobs = 100'000;
  static constexpr std::size_t kMostSessions = 100;

 private:
  struct Job {
    std::string id = {};
    std::uint64_t number = 0;
    std::uint64_t draws = 0;
    const wire::BatchApi* api = nullptr;
    wire::BatchOrder order = {};
    std::shared_ptr<const Blob> input = {};
    BatchRun::Scan scan = {};
    BatchLife life;
    Moment created;
    int hidden_left = 0;
    bool settled = false;
    wire::BatchCounts counts = {};
    wire::BatchUsage usage = {};
    std::string output = {};
    std::string errors = {};
  };
  // An upload in several calls.
  struct Session {
    std::string id;
    wire::Upload upload;  // what was said of it
    Blob blob;
  };
  // What a call gets: its reply, or why there is none.
  using Served = std::expected<http::ServerResponse, wire::Refusal>;

  std::optional<Decision> call_fault(const wire::BatchApi& api, std::uint64_t draws);
  Served serve_file(const wire::BatchCall& call, const http::ServerRequest& request, Moment at);
  Served serve_job(const wire::BatchCall& call, const http::ServerRequest& request, Moment at);
  Served create(const wire::BatchCall& call, const http::ServerRequest& request, Moment at);
  Served list_jobs(const wire::BatchApi& api, const http::ServerRequest& request, Moment at);
  Served list_files(const wire::BatchApi& api, const http::ServerRequest& request);
  Served upload_step(const wire::BatchApi& api, const http::ServerRequest& request, Moment at);
  Served keep_upload(const wire::BatchApi& api, const wire::Upload& named, Blob blob,
                     const http::ServerRequest& request, Moment at);
  Served upload(const wire::BatchApi& api, const http::ServerRequest& request, Moment at);

  std::expected<std::shared_ptr<const Blob>, wire::Refusal> input_of(const wire::BatchOrder& order,
                                                                     Moment at);
  // Where one is named that is not served.
  std::optional<wire::Refusal> bucket_refusal(const wire::BatchOrder& order) const;
  bool finds_room(const Job& job);
  void settle(Job& job, Moment at);
  void end(Job& job, BatchLife::Moment moment, Moment at);
  void count_created(const Job& job);
  Job* find(const wire::BatchApi& api, std::string_view id);
  wire::BatchJob view(const Job& job, const http::ServerRequest& request, Moment at) const;
  core::WallTime wall_of(const Job& job, core::Duration batch_time) const;
  std::string base_of(const http::ServerRequest& request) const;

  const Options& options_;
  Books& books_;
  BatchClock clock_;
  BatchFiles& files_;
  BatchRun run_;
  std::vector<std::unique_ptr<Job>> jobs_;  // in the order of creating
  std::map<std::string, Job*, std::less<>> by_id_;
  std::map<std::string, Job*, std::less<>> by_token_;
  std::map<std::string, std::uint64_t, std::less<>> enqueued_;  // tokens by model
  std::uint64_t calls_ = 0;
  std::vector<Session> sessions_;  // the oldest first
  std::uint64_t sessions_made_ = 0;
  std::uint64_t uploads_ = 0;
  std::uint64_t creates_ = 0;
  bool lose_reply_ = false;  // of the create or the upload that is being served
};

}  // namespace sluice::mock
