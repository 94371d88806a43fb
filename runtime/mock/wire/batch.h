// The batch APIs from the server's side: how each provider's files, batches and results are written, and
// its calls read. A format knows no state, no time and no faults: what becomes of a batch is
// decided by mock/batches.h, which knows no format.
//
// A provider is a file (batch_NAME.cc) with a BatchApi, and its routes in batch_routes.cc.
//
// Threads: constant data and plain functions, any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/json.h"
#include "http/server.h"
#include "wire/fields.h"
#include "wire/service.h"
#include "wire/wire.h"

namespace sluice::wire {

enum class BatchState : std::uint8_t {
  validating,
  running,
  finalizing,
  completed,
  failed,
  expired,
  cancelling,
  cancelled
};

// What makes a batch fail as a whole.
struct BatchMistake {
  std::string code;
  std::string message;
  std::uint64_t line = 0;  // 0 = of none
  std::string field;
};

// What a client asks for when it makes a batch.
struct BatchOrder {
  std::string model;     // empty = its lines say
  std::string endpoint;  // of all lines, as a path; empty = its lines say
  std::string name;
  std::string label;     // by which the client finds it again; empty = its lines say
  std::string token;     // of a create that may be repeated
  std::string metadata;  // as it came, JSON; empty = none
  std::string extra;     // what the format keeps for its replies, JSON
  std::string parent;    // what stands before its id in its name, where that is long
  std::string input;     // the id of a file, the name of an object
  std::string lines;     // one a line, where they came with the call
  std::string output;    // where results are to go, where clients say so
  std::optional<core::Duration> window;  // in place of the provider's
  bool inline_lines = false;
  bool in_buckets = false;  // input and output are objects' names: BUCKET/KEY
};

struct BatchLine {
  std::string id;
  http::ServerRequest request;     // the call that it stands for
  std::string echo;                // of the line, for its result; JSON
  std::optional<Refusal> refusal;  // it is refused when it is run
};

struct LineResult {
  enum class Kind : std::uint8_t { answered, refused, expired, cancelled };
  Kind kind = Kind::answered;
  std::string_view id;
  std::string_view echo;
  int status = 200;
  std::string_view body;  // of the reply, JSON; empty when it was not run
  std::uint64_t number = 0;
  core::WallTime at{};
  // Faults:
  bool null_response = false;
  bool body_text = false;
};

struct BatchCounts {
  std::uint64_t total = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t expired = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t left() const { return total - succeeded - failed - expired - cancelled; }
};

struct BatchUsage {
  std::uint64_t input = 0;
  std::uint64_t cached = 0;
  std::uint64_t output = 0;
  std::uint64_t reasoning = 0;
};

// A batch as it is shown at one moment. Stamps are there once they have passed, but for `expires`.
struct BatchJob {
  std::string id;
  const BatchOrder* order = nullptr;
  std::string model;
  std::uint64_t number = 0;
  BatchState state = BatchState::validating;
  BatchCounts counts;
  std::optional<BatchUsage> usage;
  core::WallTime now{};
  core::WallTime created{};
  std::optional<core::WallTime> started;
  std::optional<core::WallTime> finalizing;
  std::optional<core::WallTime> cancelling;
  std::optional<core::WallTime> ended;
  std::optional<core::WallTime> expires;
  std::string output;  // ids of the results' files; empty = there is none
  std::string errors;
  std::vector<BatchMistake> mistakes;
  std::string base;     // "http://HOST" as the client has it
  std::string results;  // where they go with the batch: its lines
};

struct StoredFile {
  std::string id = {};
  std::string name = {};
  std::string purpose = {};
  std::string media = {};
  std::uint64_t bytes = 0;
  core::WallTime created{};
  const void* owner = nullptr;  // the BatchFilesApi by which it is listed; null = it is in no list
};

// Where results are kept: ids of files. Empty = the format has none.
struct BatchPlaces {
  std::string output;
  std::string errors;  // of lines that failed, where these go apart
  std::string summary;
};

// Which part of a list is asked for.
struct ListPart {
  std::string after;     // an id; empty = from the beginning
  std::size_t skip = 0;  // so many behind that
  std::size_t limit = 20;
};
struct ListEnds {
  bool more = false;
  std::size_t total = 0;
};

enum class BatchAct : std::uint8_t {
  create,
  show,
  list,
  cancel,
  remove,
  results,
  upload,
  file_show,
  file_list,
  file_content,
  file_remove,
};

struct Upload {
  std::string name;
  std::string purpose;
  std::string media;
  std::string_view bytes;  // of the request
};

// An upload in several calls: a first one that begins it, and one for each part.
struct UploadStep {
  std::string session;  // empty = it begins
  std::uint64_t offset = 0;
  bool part = false;  // brings bytes; else it is asked how many have come
  bool last = false;
  Upload upload;
};

// How files are kept that clients upload; null functions = the provider has no such call.
struct BatchFilesApi {
  std::string (*id)(std::uint64_t draw) = nullptr;
  std::uint64_t most_bytes = 0;
  std::expected<Upload, Refusal> (*read)(const http::ServerRequest& request) = nullptr;
  // In place of read(), where uploads take several calls.
  std::expected<UploadStep, Refusal> (*step)(const http::ServerRequest& request) = nullptr;
  void (*write_step)(std::string_view session, std::uint64_t received, bool over,
                     std::string_view base, http::ServerResponse& response) = nullptr;
  void (*write)(core::JsonWriter& w, const StoredFile& file, std::string_view base) = nullptr;
  void (*write_list)(core::JsonWriter& w, std::span<const StoredFile> files, const ListEnds& ends,
                     std::string_view base) = nullptr;
  void (*write_removed)(core::JsonWriter& w, const StoredFile& file) = nullptr;
};

struct BatchApi {
  std::string_view name;  // "openai"
  const Service& service;
  core::Duration window{};  // zero = a batch never expires
  std::uint64_t least_lines = 1;
  std::uint64_t most_lines = 0;  // 0 = no bound
  std::size_t most_body = 0;     // of a create; 0 = as any call's
  bool queue_full_fails =
      false;  // a batch that finds no room is made, and fails; else it is refused
  bool mistakes_refuse = false;   // a create with wrong lines is refused; else the batch fails
  bool writes_unfinished = true;  // results hold a line too for what was not run
  bool keeps_unfinished = true;   // results hold what was done when it ended early
  std::expected<BatchOrder, Refusal> (*order)(const Request& request) = nullptr;
  std::string (*id)(std::uint64_t draw, const BatchOrder& order) = nullptr;
  std::expected<BatchLine, BatchMistake> (*line)(const Element& line,
                                                 const BatchOrder& order) = nullptr;
  // Without the line's end.
  void (*write_line)(core::JsonWriter& w, const LineResult& result) = nullptr;
  BatchPlaces (*places)(const BatchJob& job, std::uint64_t draw) = nullptr;
  std::string (*summary)(const BatchJob& job) = nullptr;
  // The reply to create, show, cancel and remove.
  void (*reply)(BatchAct act, const BatchJob& job, http::ServerResponse& response) = nullptr;
  // Whether a batch that is over is shown with its results in it; null = never.
  bool (*shows_results)(const BatchJob& job, const http::ServerRequest& request) = nullptr;
  ListPart (*part)(const http::ServerRequest& request) = nullptr;
  bool (*listed)(const BatchJob& job,
                 const http::ServerRequest& request) = nullptr;  // null = all are
  void (*write_list)(core::JsonWriter& w, std::span<const BatchJob> jobs,
                     const ListEnds& ends) = nullptr;
  const BatchFilesApi* files = nullptr;
};

struct BatchRoute {
  std::string_view method;
  std::string_view path;  // with braces, as Wire::paths
  BatchAct act;
  const BatchApi* api;
  bool (*takes)(const http::ServerRequest& request) = nullptr;  // null = every one
};

struct BatchCall {
  BatchAct act;
  const BatchApi* api = nullptr;
  std::vector<std::string> in_path = {};  // what stands in the path's braces
  bool open = false;                      // needs no key: its address proves enough
};

// nullopt: no call of a batch API.
std::optional<BatchCall> find_batch_call(const http::ServerRequest& request);
// How large a body may be that is sent there; nullopt = as any other.
std::optional<std::size_t> batch_body_limit(std::string_view method, std::string_view target);

extern const BatchApi kAnthropicBatch;
extern const BatchApi kBedrockBatch;
extern const BatchApi kGeminiBatch;
extern const BatchApi kMistralBatch;
extern const BatchApi kOpenAiBatch;
extern const BatchApi kVertexBatch;
extern const BatchApi kAzureBatch;
extern const BatchApi kGroqBatch;

// For the formats' own files.
std::int64_t unix_seconds(core::WallTime at);
// A query parameter as a number within bounds; else `otherwise`.
std::size_t query_count(const http::ServerRequest& request, std::string_view name,
                        std::size_t otherwise, std::size_t most);
// A name as one segment of a path.
std::string path_segment(std::string_view text);
// Results as the entries of a JSON array, which the caller opens and closes.
void write_lines(core::JsonWriter& w, std::string_view lines);
// The label in an object of metadata: its "sluice", or all of it where it is not empty.
std::string label_in(const Element& metadata);

}  // namespace sluice::wire
