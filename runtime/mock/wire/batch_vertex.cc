// Vertex AI's batch prediction jobs, whose requests and results are objects of Google's storage
// (docs/providers.md, Batch APIs).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "wire/batch.h"
#include "wire/date.h"
#include "wire/google.h"
#include "wire/wires.h"

namespace sluice::wire {
namespace {

constexpr std::string_view kGoogleStorage = "gs://";

constexpr std::array kGcsSourceFields = {
    Field{.name = "uris", .kinds = kArray, .required = true, .least = 1}};
const Fields kGcsSource = {.list = kGcsSourceFields, .snake = true};
constexpr std::array kVertexInputFields = {
    Field{.name = "instancesFormat", .kinds = kString, .required = true, .choices = "jsonl"},
    Field{.name = "gcsSource", .kinds = kObject, .required = true, .inside = &kGcsSource}};
const Fields kVertexInput = {.list = kVertexInputFields, .snake = true};
constexpr std::array kGcsDestinationFields = {
    Field{.name = "outputUriPrefix", .kinds = kString, .required = true}};
const Fields kGcsDestination = {.list = kGcsDestinationFields, .snake = true};
constexpr std::array kVertexOutputFields = {
    Field{.name = "predictionsFormat", .kinds = kString, .required = true, .choices = "jsonl"},
    Field{
        .name = "gcsDestination", .kinds = kObject, .required = true, .inside = &kGcsDestination}};
const Fields kVertexOutput = {.list = kVertexOutputFields, .snake = true};
constexpr std::array kVertexJobFields = {
    Field{.name = "displayName", .kinds = kString, .required = true},
    Field{.name = "model", .kinds = kString, .required = true},
    Field{.name = "inputConfig", .kinds = kObject, .required = true, .inside = &kVertexInput},
    Field{.name = "outputConfig", .kinds = kObject, .required = true, .inside = &kVertexOutput},
    Field{.name = "labels", .kinds = kObject},
    Field{.name = "modelParameters", .kinds = kAny},
    Field{.name = "serviceAccount", .kinds = kString}};
const Fields kVertexJob = {.list = kVertexJobFields, .snake = true};

// "publishers/google/models/NAME", also with a project in front.
struct VertexModel {
  std::string publisher;
  std::string name;
};
std::optional<VertexModel> vertex_model(std::string_view text) {
  constexpr std::string_view kPublishers = "publishers/";
  constexpr std::string_view kModels = "/models/";
  const std::size_t at = text.find(kPublishers);
  if (at == text.npos) return std::nullopt;
  text.remove_prefix(at + kPublishers.size());
  const std::size_t models = text.find(kModels);
  if (models == text.npos) return std::nullopt;
  return VertexModel{std::string(text.substr(0, models)),
                     std::string(text.substr(models + kModels.size()))};
}

std::expected<BatchOrder, Refusal> vertex_read_order(const Request& request) {
  const Element& body = request.body;
  if (auto mistake = mistake_in(body, kVertexJob)) {
    Refusal refusal;
    refusal.mistake = std::move(*mistake);
    return std::unexpected(std::move(refusal));
  }
  BatchOrder order;
  const auto model = vertex_model(google_text(body, "model"));
  if (!model) return bad_request("model must be as publishers/google/models/NAME.");
  order.model = model->name;
  order.parent = fmt::format("projects/{}/locations/{}", request.in_path[0], request.in_path[1]);
  order.endpoint = fmt::format("/v1/{}/publishers/{}/models/{}:{}", order.parent,
                               path_segment(model->publisher), path_segment(model->name),
                               model->publisher == "anthropic" ? "rawPredict" : "generateContent");
  order.name = google_text(body, "displayName");
  order.label = order.name;
  const Element input = *google_member(body, "inputConfig");
  const Element output = *google_member(body, "outputConfig");
  const Element uris = *google_member(*google_member(input, "gcsSource"), "uris");
  simdjson::dom::array list;
  std::string_view uri;
  if (uris.get(list) != simdjson::SUCCESS || list.size() != 1 ||
      list.at(0).get(uri) != simdjson::SUCCESS || uri.find('*') != uri.npos)
    return bad_request("The mock takes one object in gcsSource.uris, without wildcards.");
  const std::string_view to =
      google_text(*google_member(output, "gcsDestination"), "outputUriPrefix");
  for (const std::string_view place : {uri, to}) {
    if (!place.starts_with(kGoogleStorage))
      return bad_request(fmt::format("'{}' is not a Cloud Storage URI: gs:// is expected.", place));
  }
  order.input = uri.substr(kGoogleStorage.size());
  order.output = to.substr(kGoogleStorage.size());
  if (!order.output.ends_with('/')) order.output += '/';
  order.in_buckets = true;
  core::JsonWriter w(order.extra);
  w.open('{');
  w.field("displayName", order.name);
  w.field("model", google_text(body, "model"));
  w.key("inputConfig");
  w.raw(simdjson::minify(input));
  w.key("outputConfig");
  w.raw(simdjson::minify(output));
  if (const auto labels = google_member(body, "labels")) {
    w.key("labels");
    w.raw(simdjson::minify(*labels));
  }
  w.close('}');
  return order;
}

std::expected<BatchLine, BatchMistake> vertex_read_line(const Element& line,
                                                        const BatchOrder& order) {
  Element request;
  if (line["request"].get(request) != simdjson::SUCCESS || !request.is_object()) {
    return std::unexpected(
        BatchMistake{"3", "Each line must be an object with a \"request\" object.", 0, "request"});
  }
  BatchLine read;
  read.id = text_at(line, "custom_id");  // of Claude's lines
  read.echo = simdjson::minify(request);
  read.request.method = "POST";
  read.request.target = order.endpoint;
  read.request.body = read.echo;
  return read;
}

void vertex_write_line(core::JsonWriter& w, const LineResult& line) {
  const bool answered = line.kind == LineResult::Kind::answered;
  w.open('{');
  if (!line.id.empty()) w.field("custom_id", line.id);
  w.key("status");
  if (answered) {
    w.value("");
  } else {
    w.value(fmt::format("Error: {}", line.body));
  }
  w.field("processed_time", rfc3339(line.at));
  w.key("request");
  w.raw(line.echo);
  w.key("response");
  if (!answered) {
    w.raw("{}");
  } else if (line.null_response) {
    w.null();
  } else if (line.body_text) {
    w.value(line.body);
  } else {
    w.raw(line.body);
  }
  w.close('}');
}

std::string vertex_batch_id(std::uint64_t draw, const BatchOrder&) {
  return std::to_string(draw >> 2 | std::uint64_t{1} << 60);
}

// No two of one prefix have the same.
std::string vertex_directory(const BatchJob& job) {
  std::string date = rfc3339(job.created);
  date.insert(date.size() - 1, fmt::format(".{:06}", job.number % 1'000'000));
  return fmt::format("{}prediction-model-{}", job.order->output, date);
}

BatchPlaces vertex_places(const BatchJob& job, std::uint64_t) {
  return {vertex_directory(job) + "/predictions.jsonl", {}, {}};
}

std::string_view vertex_state_name(const BatchJob& job) {
  switch (job.state) {
    case BatchState::validating:
      return "JOB_STATE_PENDING";
    case BatchState::running:
    case BatchState::finalizing:
      return "JOB_STATE_RUNNING";
    case BatchState::completed:
      return "JOB_STATE_SUCCEEDED";
    case BatchState::failed:
      return "JOB_STATE_FAILED";
    case BatchState::expired:
      return job.counts.succeeded > 0 ? "JOB_STATE_PARTIALLY_SUCCEEDED" : "JOB_STATE_EXPIRED";
    case BatchState::cancelling:
      return "JOB_STATE_CANCELLING";
    case BatchState::cancelled:
      break;
  }
  return "JOB_STATE_CANCELLED";
}

void vertex_write_job(core::JsonWriter& w, const BatchJob& job) {
  const bool over = job.ended.has_value();
  w.open('{');
  w.field("name", fmt::format("{}/batchPredictionJobs/{}", job.order->parent, job.id));
  w.raw(std::string_view(job.order->extra).substr(1, job.order->extra.size() - 2));  // its fields
  w.field("state", vertex_state_name(job));
  w.field("createTime", rfc3339(job.created));
  if (job.started) w.field("startTime", rfc3339(*job.started));
  if (over) w.field("endTime", rfc3339(*job.ended));
  w.field("updateTime", rfc3339(job.ended.value_or(job.now)));
  w.field("modelVersionId", "1");
  if (over && job.state != BatchState::failed) {
    w.key("completionStats");
    w.open('{');
    w.field("successfulCount", std::to_string(job.counts.succeeded));
    if (job.counts.failed > 0) w.field("failedCount", std::to_string(job.counts.failed));
    const std::uint64_t rest = job.counts.expired + job.counts.cancelled;
    if (rest > 0) w.field("incompleteCount", std::to_string(rest));
    w.close('}');
  }
  if (!job.output.empty()) {
    w.key("outputInfo");
    w.open('{');
    w.field("gcsOutputDirectory", std::string(kGoogleStorage) + vertex_directory(job));
    w.close('}');
  }
  if (!job.mistakes.empty()) {
    const BatchMistake& mistake = job.mistakes.front();
    w.key("error");
    w.open('{');
    w.field("code", 3);
    w.field("message", mistake.line > 0 ? fmt::format("line {}: {}", mistake.line, mistake.message)
                                        : mistake.message);
    w.close('}');
  }
  w.close('}');
}

void vertex_reply(BatchAct act, const BatchJob& job, http::ServerResponse& response) {
  core::JsonWriter w(response.body);
  if (act == BatchAct::cancel) return w.raw("{}");
  if (act != BatchAct::remove) return vertex_write_job(w, job);
  w.open('{');
  w.field("name", fmt::format("{}/operations/{}", job.order->parent, job.id));
  w.field("done", true);
  w.key("response");
  w.raw(R"({"@type":"type.googleapis.com/google.protobuf.Empty"})");
  w.close('}');
}

ListPart vertex_part_of(const http::ServerRequest& request) {
  ListPart part;
  part.after = query_value(request.target, "pageToken").value_or("");
  part.limit = query_count(request, "pageSize", 50, 100);
  return part;
}

// Terms as displayName="x" and state="JOB_STATE_RUNNING", with AND between.
bool vertex_listed(const BatchJob& job, const http::ServerRequest& request) {
  if (path_of(request).find("/" + job.order->parent + "/") == std::string_view::npos) return false;
  std::string filter = decoded(query_value(request.target, "filter").value_or(""));
  std::replace(filter.begin(), filter.end(), '+', ' ');
  std::string_view left = filter;
  while (!left.empty()) {
    const std::size_t end = std::min(left.find(" AND "), left.size());
    std::string_view term = left.substr(0, end);
    left.remove_prefix(std::min(end + 5, left.size()));
    const std::size_t equal = term.find('=');
    if (equal == term.npos) continue;
    std::string_view value = term.substr(equal + 1);
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"'))
      value = value.substr(1, value.size() - 2);
    const std::string_view field = term.substr(0, equal);
    if ((field == "displayName" || field == "display_name") && value != job.order->name)
      return false;
    if (field == "state" && value != vertex_state_name(job)) return false;
  }
  return true;
}

void vertex_write_list(core::JsonWriter& w, std::span<const BatchJob> jobs, const ListEnds& ends) {
  w.open('{');
  w.key("batchPredictionJobs");
  w.open('[');
  for (const BatchJob& job : jobs) vertex_write_job(w, job);
  w.close(']');
  if (ends.more) w.field("nextPageToken", jobs.back().id);
  w.close('}');
}

}  // namespace

const BatchApi kVertexBatch = {.name = "vertex",
                               .service = kVertex,
                               .window = std::chrono::hours(96),
                               .most_lines = 200'000,
                               .writes_unfinished = false,
                               .order = vertex_read_order,
                               .id = vertex_batch_id,
                               .line = vertex_read_line,
                               .write_line = vertex_write_line,
                               .places = vertex_places,
                               .reply = vertex_reply,
                               .part = vertex_part_of,
                               .listed = vertex_listed,
                               .write_list = vertex_write_list};

}  // namespace sluice::wire
