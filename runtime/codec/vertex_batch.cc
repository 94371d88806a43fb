#include "codec/vertex_batch.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "codec/batch_wire.h"
#include "codec/registry.h"
#include "codec/vertex.h"
#include "core/json.h"
#include "provider/url_text.h"

namespace sluice::codec {

using namespace provider;

namespace {

constexpr std::string_view kGs = "gs://";
constexpr std::string_view kVertexEnded[] = {"succeeded", "failed", "cancelled", "expired",
                                             "partially_succeeded"};
constexpr std::string_view kState = "JOB_STATE_";
constexpr std::string_view kLabel = "sluice_id";  // of a request of Gemini's
constexpr std::string_view kProjects = "projects/";

// "publishers/google/models/M" of ".../publishers/google/models/M:generateContent".
std::string model_of(std::string_view path) {
  const std::size_t from = path.find("/publishers/");
  if (from == path.npos) return {};
  return std::string(path.substr(from + 1, path.rfind(':') - from - 1));
}

class VertexBatch final : public BatchApi {
 public:
  VertexBatch(const EndpointSpec& endpoint, std::string_view path, const BatchService& service)
      : service_(service),
        claude_(is_claude_at_vertex(endpoint)),
        bucket_(endpoint.batch_bucket),
        jobs_(std::string(path.substr(0, path.find("/publishers/"))) + "/batchPredictionJobs"),
        model_(model_of(path)) {}

  BatchLimits limits() const override { return service_.limits; }

  std::string item(std::string_view custom_id, std::string_view body) const override {
    if (claude_) return fmt::format(R"({{"custom_id":"{}","request":{}}})", custom_id, body);
    return fmt::format(R"({{"request":{{"labels":{{"{}":"{}"}},{}}})", kLabel, custom_id,
                       body.substr(std::min<std::size_t>(1, body.size())));
  }

  int uploads() const override { return 0; }
  std::optional<std::string> place_of_file(const BatchJob& job) const override {
    return batch_folder(bucket_, job.nonce) + "requests.jsonl";
  }

  BatchCall create(const BatchJob& job) const override {
    std::string body;
    core::JsonWriter w(body);
    w.open('{');
    w.field("displayName", job.nonce);
    w.field("model", model_);
    w.key("inputConfig");
    w.open('{');
    w.field("instancesFormat", "jsonl");
    w.key("gcsSource");
    w.open('{');
    w.key("uris");
    w.open('[');
    w.value(*place_of_file(job));
    w.close(']');
    w.close('}');
    w.close('}');
    w.key("outputConfig");
    w.open('{');
    w.field("predictionsFormat", "jsonl");
    w.key("gcsDestination");
    w.open('{');
    w.field("outputUriPrefix", results_folder(job));
    for (int i = 0; i < 3; ++i) w.close('}');
    return json_call(jobs_, std::move(body));
  }
  BatchCall poll(const BatchJob& job) const override { return {.path = "/" + path_text(job.id)}; }
  core::Result<BatchStatus> status(const BatchReply& reply) const override {
    const auto job = parse_batch_reply(reply.body);
    if (!job) return std::unexpected(job.error());
    BatchStatus status = status_of(*job);
    if (!status.id.starts_with(kProjects)) return unreadable_batch("it names no batch");
    return status;
  }

  BatchCall list(const BatchJob& job, std::string_view next) const override {
    std::string path = fmt::format("{}?pageSize=100&filter={}", jobs_,
                                   segment_text(fmt::format("display_name=\"{}\"", job.nonce)));
    if (!next.empty()) path += "&pageToken=" + segment_text(next);
    return {.path = std::move(path)};
  }
  core::Result<BatchPage> page(const BatchReply& reply) const override {
    const auto list = parse_batch_reply(reply.body);
    if (!list) return std::unexpected(list.error());
    const auto found = member(*list, "batchPredictionJobs");  // absent where there are none
    simdjson::dom::array jobs;
    if (!list->is_object() || (found && found->get(jobs) != simdjson::SUCCESS))
      return unreadable_batch("it is not a list of batches");
    BatchPage page;
    if (found)
      for (const Element job : jobs) {
        page.batches.push_back(status_of(job));
        page.batches.back().created.reset();  // that the list begins with the latest: unconfirmed
      }
    page.next = text_at(*list, "nextPageToken");
    return page;
  }

  BatchCall cancel(const BatchJob& job) const override {
    return {.method = "POST", .path = "/" + path_text(job.id) + ":cancel"};
  }

  std::vector<BatchCall> downloads(const BatchJob& /*job*/) const override { return {}; }
  std::vector<std::string> places_of_results(const BatchJob& job) const override {
    // A reply does not choose where to read.
    const std::string folder = results_folder(job);
    if (!job.results.starts_with(folder)) return {folder};
    return {job.results.ends_with('/') ? job.results : job.results + "/"};
  }

  core::Result<BatchLine> line(std::string_view text) const override {
    const auto line = parse_batch_line(text);
    if (!line) return std::unexpected(line.error());
    BatchLine out;
    out.custom_id = text_at(*line, "custom_id");
    const auto request = member(*line, "request");
    if (const auto labels = request ? member(*request, "labels") : std::nullopt;
        labels && out.custom_id.empty())
      out.custom_id = text_at(*labels, kLabel);
    if (out.custom_id.empty())
      return core::fail(core::ErrorCode::io, "it has neither a custom_id nor our label");
    if (const auto error = member(*line, "error")) {
      take_google_error(*error, out);
      return out;
    }
    const std::string status(text_at(*line, "status"));
    const auto response = member(*line, "response");
    if (status.empty() && response) {
      out.body = simdjson::minify(*response);
      return out;
    }
    out.kind = BatchLine::Kind::failed;
    out.problem = status.empty() ? "neither a response nor an error" : status;
    // "Bad Request: {"error": {…}}": the online API's body.
    if (const std::size_t json = status.find('{'); json != status.npos)
      if (const auto body = parse_batch_line(std::string_view(status).substr(json)))
        if (const auto error = member(*body, "error")) take_google_error(*error, out);
    return out;
  }

  std::vector<BatchCall> clean_up(const BatchJob& job) const override {
    if (job.id.empty()) return {};
    return {{.method = "DELETE", .path = "/" + path_text(job.id)}};
  }

 private:
  std::string results_folder(const BatchJob& job) const {
    return batch_folder(bucket_, job.nonce) + "results/";
  }

  static BatchStatus status_of(const Element& job) {
    BatchStatus status;
    status.id = text_at(job, "name");
    std::string_view state = text_at(job, "state");
    if (state.starts_with(kState)) state.remove_prefix(kState.size());
    status.word = lower_case(state);
    status.ended = std::ranges::find(kVertexEnded, status.word) != std::end(kVertexEnded);
    if (const auto info = member(job, "outputInfo"))
      status.results = text_at(*info, "gcsOutputDirectory");
    if (const auto counts = member(job, "completionStats")) {
      status.done = batch_count(*counts, "successfulCount");
      status.failed = batch_count(*counts, "failedCount");
      status.total = status.done + status.failed + batch_count(*counts, "incompleteCount");
    }
    constexpr std::uint64_t kResourceExhausted = 8;
    if (const auto error = member(job, "error")) {
      status.problem = text_at(*error, "message");
      status.no_room = batch_count(*error, "code") == kResourceExhausted;
    }
    status.refused =
        status.word == "failed" && status.done == 0 && status.failed == 0 && status.results.empty();
    status.nonce = text_at(job, "displayName");
    status.created = batch_instant(job, "createTime");
    return status;
  }

  const BatchService& service_;
  bool claude_;
  std::string bucket_;
  std::string jobs_;
  std::string model_;
};

}  // namespace

std::unique_ptr<BatchApi> make_vertex_batch(const EndpointSpec& endpoint,
                                            const BatchService& service) {
  if (!check_vertex_batch(endpoint)) return nullptr;
  const auto codec = make_codec(endpoint);
  if (model_of(codec->path()).empty()) return nullptr;
  return std::make_unique<VertexBatch>(endpoint, codec->path(), service);
}

core::Status check_vertex_batch(const EndpointSpec& endpoint) {
  if (endpoint.project.empty())
    return core::fail(core::ErrorCode::pipeline, "missing option 'project' for batches at vertex",
                      "add project = \"my-project\", the project that is billed");
  return check_bucket(endpoint, "vertex", kGs);
}

}  // namespace sluice::codec
