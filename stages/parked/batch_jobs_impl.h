// The batches of a run, as one object. batch_jobs.cc fills batches and waits for them, batch_drive.cc
// takes them from step to step on the batches' thread, batch_results.cc moves files there and back.
// Private to these.
//
// Threads: as batch_jobs.h says, and at each private member.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/price.h"
#include "parked/batch_caller.h"
#include "parked/batch_jobs.h"
#include "place/places.h"

namespace sluice::parked {

using store::BatchPhase;
using store::BatchRecord;

// How often those that wait look whether they shall go on.
inline constexpr std::chrono::milliseconds kLookForOrders{100};

class ThreadBatchJobs final : public BatchJobs {
 public:
  explicit ThreadBatchJobs(BatchSetup setup)
      : setup_(std::move(setup)), rows_(setup_.directory), services_(setup_.endpoints.size()) {}
  ~ThreadBatchJobs() override { close(); }

  core::Status open(const std::vector<BatchRecord>& batches);
  core::Result<std::optional<Found>> find(const core::Hash128& question) override {
    return rows_.find(question);
  }
  core::Result<std::vector<core::Hash128>> questions(std::uint64_t line) override {
    return rows_.questions(line);
  }
  core::Result<Reply> reply(std::uint64_t line) override;
  void start() override {
    thread_ = std::thread([this] { run(); });
  }
  void park(const schedule::Park& park, const stages::Request& request,
            std::string_view body) override;
  void seal_old() override;
  void seal_all() override;
  void pause(bool paused) override { paused_ = paused; }
  bool wait(core::Duration passed, const std::function<bool()>& stop) override;
  bool hand_over(const std::function<bool()>& stop) override;
  void forget() override;
  BatchesState state() const override;
  void abandon() override { failed_ = true; }
  void close() override;

 private:
  // An endpoint that has batches.
  struct Service {
    std::unique_ptr<provider::BatchApi> api;
    std::unique_ptr<provider::Codec> codec;
    core::Price price;
    core::Duration window{};
    batch::Patience patience;
    std::shared_ptr<place::Places> places;  // of files that lie in a bucket
    std::atomic<std::uint32_t> most_lines = 0;
    std::uint64_t most_bytes = 0;
    // The I/O thread's: the batch that is being filled.
    std::optional<BatchWriter> writer;
    BatchRecord filling;
    core::Time filling_since;
    // The batches' thread's: tokens that the provider's queue has taken, where it was full once.
    std::optional<std::uint64_t> queue_tokens;
  };
  struct Sealed {
    BatchWriter writer;
    BatchRecord record;
  };
  struct Driven {
    batch::Machine machine;
    Service* service;
  };

  void seal(std::uint32_t endpoint);
  // All below: the batches' thread.
  void run() noexcept;
  bool take_sealed();
  // Does what is due. When to look again.
  core::WallTime drive();
  bool may_create(const Driven& driven) const;
  void step(Driven& driven, batch::Step step);
  core::Status bring_home(Driven& driven);
  core::Status put_file(Driven& driven, const std::string& place);
  core::Status fetch(Driven& driven, const std::string& part);
  core::Status fetch_places(Driven& driven, OutFile& out);
  core::Status fetch_pages(Driven& driven, OutFile& out);
  void clean_up(Driven& driven);
  core::Status share(const std::string& nonce, std::initializer_list<FileKind> kinds) const;
  // Whether `step` may be taken here and now, where machines share the job.
  bool may_take(Driven& driven, batch::Step step);
  // The record, and what is settled with it, are in the checkpoint when it returns. False: nothing
  // is committed any more.
  bool commit(Driven& driven, std::vector<store::Settlement> settlements = {});
  void tell(const BatchRecord& record);
  void over(Driven& driven);
  void handle_no_room(Driven& driven);
  // After a batch that was too large for the queue: those to come are half as large.
  void halve_lines(const BatchRecord& too_large);
  void take_cancel_requests();
  void look_at_deadline(core::WallTime now);
  void publish();
  void fail(core::Error error);

  const BatchSetup setup_;
  ParkedRows rows_;
  std::vector<Service> services_;  // by endpoint
  std::unique_ptr<BatchCaller> caller_;
  std::vector<std::unique_ptr<Driven>> driven_;
  std::vector<BatchRecord> former_;  // that had ended before
  core::WallTime looked_{};
  std::atomic<bool> brought_ = false;
  std::atomic<bool> urgent_ = false;
  std::atomic<bool> failed_ = false;
  std::atomic<bool> paused_ = false;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<Sealed> sealed_;
  bool closing_ = false;
  std::vector<BatchRecord> published_;
  std::size_t undecided_ = 0;    // sealed or open, as wait() sees it
  std::size_t not_created_ = 0;  // of these
  std::atomic<std::uint64_t> filling_lines_ = 0;
  std::thread thread_;
};

}  // namespace sluice::parked
