// A provider's batch API as pure functions: calls out, meaning in. What is done with them, and when,
// is batch/batch_machine.h's.
//
// A batch is a file of lines, one for each request, that is handed over by uploads() calls and
// create(). It carries our nonce, so that it is found again among the provider's batches when nobody
// knows whether create() has come about (docs/providers.md, Batch APIs). The replies come in the
// files that status() names, in any order.
//
// Threads: a BatchApi is immutable; status(), page() and line() keep their parser in thread-local
// storage.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "provider/codec.h"
#include "provider/endpoint.h"

namespace sluice::provider {

// What the provider takes, and how long it may take it.
struct BatchLimits {
  std::uint32_t requests = 50'000;
  std::uint64_t bytes = 200'000'000;               // of the file; in thousands, as who means less
  core::Duration window = std::chrono::hours(24);  // after it, what has not been run never is
  std::uint32_t least = 1;                         // requests: a batch of fewer is refused
};

struct BatchBody {
  std::string before = {};
  bool file = false;  // between the two, the batch's file
  std::string after = {};
};

struct BatchCall {
  std::string method = "GET";
  // Below base_url, with its query; or a whole URL, where this API answers for its host: base_url's,
  // or of the same service.
  std::string path = {};
  // Beside those that prove who asks, and Codec::headers() without content-type and accept.
  std::vector<std::pair<std::string, std::string>> headers = {};
  BatchBody body = {};
};

// A response with status 200 to 299.
struct BatchReply {
  const std::vector<HeaderView>& headers;
  std::string_view body;
  std::string_view asked = {};  // of a page of the list: what list() was given as `next`
};

// What a call may need to know of the batch.
struct BatchJob {
  std::string nonce = {};  // small letters and digits, at most 32
  std::uint32_t lines = 0;
  std::uint64_t bytes = 0;
  std::string input = {};    // as uploaded() gave it last
  std::string id = {};       // as status() gave it
  std::string results = {};  // likewise
};

// How a batch stands, as the provider says.
struct BatchStatus {
  std::string id;
  std::string word;          // the provider's name for it
  bool ended = false;        // nothing comes any more; what it has are its results
  bool refused = false;      // and no line was run: its file or its form was refused
  bool no_room = false;      // and that for want of room in the provider's queue
  std::string problem;       // what the provider says is wrong, for people
  std::string results;       // for downloads(); empty: there are none
  std::uint64_t done = 0;    // lines answered, where it counts them
  std::uint64_t failed = 0;  // lines, likewise
  std::uint64_t total = 0;   // lines; 0: it does not say
  std::string nonce;         // that it carries; empty where that is not seen from here
  std::string input;         // the uploaded file that it is of; empty likewise
  std::optional<core::WallTime> created;
};

// A page of the provider's list of batches.
struct BatchPage {
  std::vector<BatchStatus> batches;
  std::string next;  // for list(); empty: this is the last
};

// A line of the results.
struct BatchLine {
  enum class Kind : std::uint8_t {
    reply,    // a response of the model's API: for Codec::read()
    not_run,  // expired or cancelled before its turn: not billed
    failed,   // run, or tried, and without a response
  };
  std::string custom_id;
  Kind kind = Kind::reply;
  int status = 200;
  std::string body;     // of a reply
  std::string problem;  // of the others
};

// A reply to one of downloads(), where results come in pages of JSON and not as files of lines.
struct BatchResultPage {
  std::vector<std::string> lines;  // for line()
  std::optional<BatchCall> next;   // the call for the page behind this one; none: this is the last
};

class BatchApi {
 public:
  virtual ~BatchApi() = default;
  virtual BatchLimits limits() const = 0;

  // A line of the file, without its end, of a request with this body.
  virtual std::string item(std::string_view custom_id, std::string_view body) const = 0;
  virtual std::string_view between_items() const { return "\n"; }

  // How many calls hand over the file before create(); upload() makes each.
  virtual int uploads() const { return 1; }
  virtual BatchCall upload(const BatchJob& /*job*/, int /*number*/) const { return {}; }
  // The value of BatchJob::input from here on.
  virtual core::Result<std::string> uploaded(const BatchJob& job, int /*number*/,
                                             const BatchReply& /*reply*/) const {
    return job.input;
  }
  // Where the file is put before create(), in place of those calls: "gs://bucket/folder/name". A
  // process that has not put it there does so before its first create().
  virtual std::optional<std::string> place_of_file(const BatchJob& /*job*/) const {
    return std::nullopt;
  }
  virtual BatchCall create(const BatchJob& job) const = 0;
  // Whether create() may be sent again after an unknown outcome, since the nonce makes it one batch.
  virtual bool creates_once() const { return false; }
  virtual BatchCall poll(const BatchJob& job) const = 0;
  // Of the replies to create() and poll().
  virtual core::Result<BatchStatus> status(const BatchReply& reply) const = 0;
  // `next`: BatchPage::next of the page before; empty for the first.
  virtual BatchCall list(const BatchJob& job, std::string_view next) const = 0;
  virtual core::Result<BatchPage> page(const BatchReply& reply) const = 0;
  virtual BatchCall cancel(const BatchJob& job) const = 0;

  // The files of results, each asked for by one call.
  virtual std::vector<BatchCall> downloads(const BatchJob& job) const = 0;
  virtual bool results_in_pages() const { return false; }
  virtual core::Result<BatchResultPage> result_page(const BatchJob& /*job*/,
                                                    const BatchReply& /*reply*/) const {
    return BatchResultPage{};
  }
  // Where they lie in place of that. All files below a name that ends with '/'; some of them may
  // hold no results: their lines are errors.
  virtual std::vector<std::string> places_of_results(const BatchJob& /*job*/) const { return {}; }
  // An error names what is wrong; such a line belongs to nobody.
  virtual core::Result<BatchLine> line(std::string_view line) const = 0;
  // Of what is of no use any more when it was collected, or was never created.
  virtual std::vector<BatchCall> clean_up(const BatchJob& job) const = 0;
};

// A batch API of a service, constant data: Profile::batch.
struct BatchService {
  std::unique_ptr<BatchApi> (*make)(const EndpointSpec& endpoint, const BatchService& service);
  BatchLimits limits = {};
  // Of OpenAI's form:
  std::string_view purpose = "batch";       // of the uploaded file
  std::string_view upload_path = "/files";  // where it goes
  std::string_view window = "24h";          // completion_window
  bool metadata = true;  // a batch keeps ours; else the file's name has the nonce
};

}  // namespace sluice::provider
