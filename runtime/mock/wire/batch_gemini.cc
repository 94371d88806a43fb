// The Gemini API's batches, with the requests in a file or in the call, and its Files API as far as batches
// need it (docs/providers.md, Batch APIs).
#include <fmt/format.h>

#include <array>
#include <charconv>

#include "wire/batch.h"
#include "wire/date.h"
#include "wire/google.h"

namespace sluice::wire {
namespace {

constexpr std::size_t kGeminiMostInline = 20 << 20;
constexpr std::uint64_t kGeminiMostFile = std::uint64_t{2} << 30;
constexpr std::string_view kGeminiPrefix = "files/";

constexpr std::array kGeminiLineFields = {
    Field{.name = "request", .kinds = kObject, .required = true},
    Field{.name = "metadata", .kinds = kObject}};
const Fields kGeminiInlineLine = {.list = kGeminiLineFields, .snake = true};
constexpr std::array kGeminiRequestsFields = {Field{.name = "requests",
                                                    .kinds = kArray,
                                                    .required = true,
                                                    .inside = &kGeminiInlineLine,
                                                    .least = 1}};
const Fields kGeminiRequests = {.list = kGeminiRequestsFields, .snake = true};
constexpr std::array kGeminiInputFields = {
    Field{.name = "fileName", .kinds = kString},
    Field{.name = "requests", .kinds = kObject, .inside = &kGeminiRequests}};
const Fields kGeminiInput = {.list = kGeminiInputFields, .snake = true};
constexpr std::array kGeminiBatchFields = {
    Field{.name = "displayName", .kinds = kString}, Field{.name = "model", .kinds = kString},
    Field{.name = "inputConfig", .kinds = kObject, .required = true, .inside = &kGeminiInput},
    Field{.name = "priority", .kinds = kString | kInteger},
    Field{.name = "webhookConfig", .kinds = kObject}};
const Fields kGeminiBody = {.list = kGeminiBatchFields, .snake = true};
constexpr std::array kGeminiCreateFields = {
    Field{.name = "batch", .kinds = kObject, .required = true, .inside = &kGeminiBody}};
const Fields kGeminiCreate = {.list = kGeminiCreateFields, .snake = true};

bool gemini_is_embedding(std::string_view endpoint) {
  return endpoint.ends_with(":embedContent");
}

std::expected<BatchOrder, Refusal> gemini_read_order(const Request& request) {
  if (request.http.body.size() > kGeminiMostInline) {
    return bad_request(
        fmt::format("Request payload size exceeds the limit: {} bytes.", kGeminiMostInline));
  }
  if (auto mistake = mistake_in(request.body, kGeminiCreate)) {
    Refusal refusal;
    refusal.mistake = std::move(*mistake);
    return std::unexpected(std::move(refusal));
  }
  Element batch;
  if (request.body["batch"].get(batch) != simdjson::SUCCESS)
    return bad_request("batch is missing.");
  const Element input = *google_member(batch, "inputConfig");
  BatchOrder order;
  order.model = request.in_path.front();
  const bool embeds = request.http.target.find(":asyncBatchEmbedContent") != std::string::npos;
  order.endpoint = fmt::format("/v1beta/models/{}:{}", path_segment(order.model),
                               embeds ? "embedContent" : "generateContent");
  order.name = google_text(batch, "displayName");
  order.label = order.name;
  const std::string_view file = google_text(input, "fileName");
  if (!file.empty()) {
    order.input = file.substr(file.starts_with(kGeminiPrefix) ? kGeminiPrefix.size() : 0);
    return order;
  }
  simdjson::dom::array requests;
  if (input["requests"]["requests"].get(requests) != simdjson::SUCCESS)
    return bad_request("inputConfig needs a fileName or requests.");
  order.inline_lines = true;
  for (const Element one : requests) {
    order.lines += simdjson::minify(one);
    order.lines += '\n';
  }
  return order;
}

// The model may stand in a request as well as in the path.
std::string gemini_without_model(const simdjson::dom::object& request) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  for (const auto [key, value] : request) {
    if (key == "model") continue;
    w.key(key);
    w.raw(simdjson::minify(value));
  }
  w.close('}');
  return out;
}

std::expected<BatchLine, BatchMistake> gemini_read_line(const Element& line,
                                                        const BatchOrder& order) {
  simdjson::dom::object request;
  if (line["request"].get(request) != simdjson::SUCCESS) {
    return std::unexpected(
        BatchMistake{"3", "Each line must be an object with a \"request\" object.", 0, "request"});
  }
  BatchLine read;
  read.id = text_at(line, "key");
  Element metadata;
  if (line["metadata"].get(metadata) == simdjson::SUCCESS) {
    read.echo = simdjson::minify(metadata);
    if (read.id.empty()) read.id = text_at(metadata, "key");
  }
  read.request.method = "POST";
  read.request.target = order.endpoint;
  read.request.body = gemini_without_model(request);
  return read;
}

void gemini_write_line(core::JsonWriter& w, const LineResult& line) {
  w.open('{');
  if (line.echo.empty()) {
    w.field("key", line.id);
  } else {
    w.key("metadata");
    w.raw(line.echo);
  }
  if (line.null_response) {
    // neither of the two
  } else if (line.kind == LineResult::Kind::answered) {
    w.key("response");
    if (line.body_text) {
      w.value(line.body);
    } else {
      w.raw(line.body);
    }
  } else if (line.body.empty()) {
    w.key("error");
    w.raw(line.kind == LineResult::Kind::expired
              ? R"({"code":4,"message":"The batch expired before this request was run."})"
              : R"({"code":1,"message":"The batch was cancelled before this request was run."})");
  } else {
    w.raw(line.body.substr(1, line.body.size() - 2));  // {"error":{…}} without its braces
  }
  w.close('}');
}

std::string gemini_batch_id(std::uint64_t draw, const BatchOrder&) {
  return fmt::format("{:016x}", draw);
}

BatchPlaces gemini_places(const BatchJob& job, std::uint64_t) {
  return {"batch-" + job.id, {}, {}};
}

std::string_view gemini_state_name(BatchState state) {
  switch (state) {
    case BatchState::validating:
      return "BATCH_STATE_PENDING";
    case BatchState::running:
    case BatchState::finalizing:
    case BatchState::cancelling:
      return "BATCH_STATE_RUNNING";
    case BatchState::completed:
      return "BATCH_STATE_SUCCEEDED";
    case BatchState::failed:
      return "BATCH_STATE_FAILED";
    case BatchState::expired:
      return "BATCH_STATE_EXPIRED";
    case BatchState::cancelled:
      break;
  }
  return "BATCH_STATE_CANCELLED";
}

// A file's name, or the lines themselves.
void gemini_write_output(core::JsonWriter& w, const BatchJob& job) {
  if (!job.order->inline_lines) {
    w.field("responsesFile", fmt::format("files/{}", job.output));
    return;
  }
  w.key(gemini_is_embedding(job.order->endpoint) ? "inlinedEmbedContentResponses"
                                                 : "inlinedResponses");
  w.open('{');
  w.key("inlinedResponses");
  w.open('[');
  write_lines(w, job.results);
  w.close(']');
  w.close('}');
}

void gemini_write_metadata(core::JsonWriter& w, const BatchJob& job, bool output) {
  w.open('{');
  w.field("@type", "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch");
  w.field("model", fmt::format("models/{}", job.order->model));
  w.field("displayName", job.order->name);
  w.field("createTime", rfc3339(job.created));
  if (job.ended) w.field("endTime", rfc3339(*job.ended));
  w.field("updateTime", rfc3339(job.ended.value_or(job.now)));
  w.key("batchStats");
  w.open('{');
  const auto count = [&](std::string_view name, std::uint64_t number) {
    if (number > 0) w.field(name, std::to_string(number));
  };
  count("requestCount", job.counts.total);
  count("successfulRequestCount", job.counts.succeeded);
  count("failedRequestCount", job.counts.failed);
  count("pendingRequestCount", job.counts.left());
  w.close('}');
  w.field("state", gemini_state_name(job.state));
  w.field("name", fmt::format("batches/{}", job.id));
  if (output) {
    w.key("output");
    w.open('{');
    gemini_write_output(w, job);
    w.close('}');
  }
  w.close('}');
}

void gemini_write_job(core::JsonWriter& w, const BatchJob& job, bool results) {
  const bool over = job.ended.has_value();
  const bool output = results && over && !job.output.empty();
  w.open('{');
  w.field("name", fmt::format("batches/{}", job.id));
  w.key("metadata");
  gemini_write_metadata(w, job, output);
  if (over) w.field("done", true);
  if (output) {
    w.key("response");
    w.open('{');
    w.field("@type",
            "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatchOutput");
    gemini_write_output(w, job);
    w.close('}');
  } else if (over && job.state != BatchState::completed) {
    w.key("error");
    w.open('{');
    w.field("code", job.state == BatchState::cancelled ? 1
                    : job.state == BatchState::expired ? 4
                                                       : 3);
    w.field("message", job.mistakes.empty() ? std::string(gemini_state_name(job.state))
                                            : job.mistakes.front().message);
    w.close('}');
  }
  w.close('}');
}

void gemini_reply(BatchAct act, const BatchJob& job, http::ServerResponse& response) {
  core::JsonWriter w(response.body);
  if (act == BatchAct::cancel || act == BatchAct::remove) return w.raw("{}");
  gemini_write_job(w, job, true);
}

bool gemini_shows_results(const BatchJob& job, const http::ServerRequest&) {
  return job.order->inline_lines;
}

// A page's token is the id of the last one before it.
ListPart gemini_part_of(const http::ServerRequest& request) {
  ListPart part;
  part.after = query_value(request.target, "pageToken").value_or("");
  part.limit = query_count(request, "pageSize", 50, 1000);
  return part;
}

void gemini_write_list(core::JsonWriter& w, std::span<const BatchJob> jobs, const ListEnds& ends) {
  w.open('{');
  w.key("operations");
  w.open('[');
  // Without the results that stand in the batch itself.
  for (const BatchJob& job : jobs) gemini_write_job(w, job, !job.order->inline_lines);
  w.close(']');
  if (ends.more) w.field("nextPageToken", jobs.back().id);
  w.close('}');
}

// --- Files

std::string gemini_file_id(std::uint64_t draw) {
  return fmt::format("{:012x}", draw >> 16);
}

std::expected<UploadStep, Refusal> gemini_read_step(const http::ServerRequest& request) {
  const auto header = [&](std::string_view name) {
    return request.headers.find(name).value_or("");
  };
  const std::string_view command = header("x-goog-upload-command");
  UploadStep step;
  if (command == "start") {
    if (header("x-goog-upload-protocol") != "resumable")
      return bad_request("X-Goog-Upload-Protocol must be resumable.");
    step.upload.media = header("x-goog-upload-header-content-type");
    simdjson::dom::parser parser;
    Element body;
    if (parser.parse(request.body.data(), request.body.size()).get(body) == simdjson::SUCCESS) {
      Element file;
      if (body["file"].get(file) == simdjson::SUCCESS) {
        step.upload.name = google_text(file, "displayName");
        if (!google_text(file, "mimeType").empty())
          step.upload.media = google_text(file, "mimeType");
      }
    }
    return step;
  }
  step.session = query_value(request.target, "upload_id").value_or("");
  step.part = command.starts_with("upload");
  step.last = command.ends_with("finalize");
  if (step.session.empty() || (!step.part && !step.last && command != "query"))
    return bad_request("X-Goog-Upload-Command must be start, query, upload or finalize.");
  const std::string_view offset = header("x-goog-upload-offset");
  const auto read = std::from_chars(offset.data(), offset.data() + offset.size(), step.offset);
  if (step.part && (read.ec != std::errc() || read.ptr != offset.data() + offset.size()))
    return bad_request("X-Goog-Upload-Offset must be a number of bytes.");
  step.upload.bytes = request.body;
  return step;
}

void gemini_write_step(std::string_view session, std::uint64_t received, bool over,
                       std::string_view base, http::ServerResponse& response) {
  response.headers.emplace_back("x-goog-upload-status", over ? "final" : "active");
  response.headers.emplace_back("x-goog-upload-size-received", std::to_string(received));
  if (over) {
    response.body = R"({"file":)" + response.body + "}";
    return;
  }
  response.headers.emplace_back(
      "x-goog-upload-url",
      fmt::format("{}/upload/v1beta/files?upload_id={}&upload_protocol=resumable", base, session));
}

void gemini_write_file(core::JsonWriter& w, const StoredFile& file, std::string_view base) {
  const bool uploaded = file.purpose.empty();
  w.open('{');
  w.field("name", fmt::format("files/{}", file.id));
  w.field("displayName", file.name);
  w.field("mimeType", file.media);
  w.field("sizeBytes", std::to_string(file.bytes));
  w.field("createTime", rfc3339(file.created));
  w.field("updateTime", rfc3339(file.created));
  w.field("expirationTime", rfc3339(file.created + std::chrono::hours(48)));
  w.field("uri", fmt::format("{}/v1beta/files/{}", base, file.id));
  if (!uploaded)
    w.field("downloadUri", fmt::format("{}/v1beta/files/{}:download?alt=media", base, file.id));
  w.field("state", "ACTIVE");
  w.field("source", uploaded ? "UPLOADED" : "GENERATED");
  w.close('}');
}

void gemini_write_files(core::JsonWriter& w, std::span<const StoredFile> files,
                        const ListEnds& ends, std::string_view base) {
  w.open('{');
  w.key("files");
  w.open('[');
  for (const StoredFile& file : files) gemini_write_file(w, file, base);
  w.close(']');
  if (ends.more) w.field("nextPageToken", files.back().id);
  w.close('}');
}

void gemini_write_removed(core::JsonWriter& w, const StoredFile&) {
  w.raw("{}");
}

const BatchFilesApi kGeminiFiles = {.id = gemini_file_id,
                                    .most_bytes = kGeminiMostFile,
                                    .step = gemini_read_step,
                                    .write_step = gemini_write_step,
                                    .write = gemini_write_file,
                                    .write_list = gemini_write_files,
                                    .write_removed = gemini_write_removed};

}  // namespace

const BatchApi kGeminiBatch = {.name = "gemini",
                               .service = kGemini,
                               .window = std::chrono::hours(48),
                               .keeps_unfinished = false,
                               .order = gemini_read_order,
                               .id = gemini_batch_id,
                               .line = gemini_read_line,
                               .write_line = gemini_write_line,
                               .places = gemini_places,
                               .reply = gemini_reply,
                               .shows_results = gemini_shows_results,
                               .part = gemini_part_of,
                               .write_list = gemini_write_list,
                               .files = &kGeminiFiles};

}  // namespace sluice::wire
