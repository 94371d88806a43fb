// AWS Bedrock's model invocation jobs, whose records and results are objects of S3 (docs/providers.md, Batch
// APIs).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "wire/batch.h"
#include "wire/date.h"
#include "wire/wires.h"

namespace sluice::wire {
namespace {

constexpr std::string_view kS3 = "s3://";

constexpr std::array kS3InputFields = {
    Field{.name = "s3Uri", .kinds = kString, .required = true},
    Field{.name = "s3InputFormat", .kinds = kString, .choices = "JSONL"},
    Field{.name = "s3BucketOwner", .kinds = kString}};
const Fields kS3Input = {.list = kS3InputFields};
constexpr std::array kBedrockInputFields = {
    Field{.name = "s3InputDataConfig", .kinds = kObject, .required = true, .inside = &kS3Input}};
const Fields kBedrockInput = {.list = kBedrockInputFields};
constexpr std::array kS3OutputFields = {Field{.name = "s3Uri", .kinds = kString, .required = true},
                                        Field{.name = "s3EncryptionKeyId", .kinds = kString},
                                        Field{.name = "s3BucketOwner", .kinds = kString}};
const Fields kS3Output = {.list = kS3OutputFields};
constexpr std::array kBedrockOutputFields = {
    Field{.name = "s3OutputDataConfig", .kinds = kObject, .required = true, .inside = &kS3Output}};
const Fields kBedrockOutput = {.list = kBedrockOutputFields};
constexpr std::array kBedrockJobFields = {
    Field{.name = "jobName", .kinds = kString, .required = true},
    Field{.name = "roleArn", .kinds = kString, .required = true},
    Field{.name = "modelId", .kinds = kString, .required = true},
    Field{.name = "inputDataConfig", .kinds = kObject, .required = true, .inside = &kBedrockInput},
    Field{
        .name = "outputDataConfig", .kinds = kObject, .required = true, .inside = &kBedrockOutput},
    Field{.name = "clientRequestToken", .kinds = kString},
    Field{.name = "modelInvocationType", .kinds = kString, .choices = "InvokeModel|Converse"},
    Field{.name = "timeoutDurationInHours", .kinds = kInteger, .least = 24, .most = 168},
    Field{.name = "vpcConfig", .kinds = kObject},
    Field{.name = "tags", .kinds = kArray}};
const Fields kBedrockJob = {.list = kBedrockJobFields};

// As AWS has it: letters and digits, with hyphens between.
bool is_token(std::string_view text) {
  constexpr std::size_t kLongest = 256;
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return text.size() <= kLongest && plain(text.front()) && plain(text.back()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return plain(c) || c == '-'; });
}

// From the signature's scope: "Credential=ID/20260101/us-east-1/bedrock/aws4_request".
std::string region_of(const http::ServerRequest& request) {
  const std::string_view signature = request.headers.find("authorization").value_or("");
  std::size_t at = signature.find("Credential=");
  for (int slash = 0; slash < 2 && at != signature.npos; ++slash) at = signature.find('/', at + 1);
  if (at == signature.npos) return "us-east-1";
  const std::string_view rest = signature.substr(at + 1);
  return std::string(rest.substr(0, rest.find('/')));
}

std::expected<BatchOrder, Refusal> bedrock_read_order(const Request& request) {
  const Element& body = request.body;
  if (auto mistake = mistake_in(body, kBedrockJob)) {
    Refusal refusal;
    refusal.mistake = std::move(*mistake);
    return std::unexpected(std::move(refusal));
  }
  BatchOrder order;
  order.name = text_at(body, "jobName");
  order.token = text_at(body, "clientRequestToken");
  if (!order.token.empty() && !is_token(order.token))
    return bad_request("clientRequestToken must be letters and digits, with hyphens between.");
  order.label = order.token.empty() ? order.name : order.token;
  order.model = text_at(body, "modelId");
  order.parent =
      fmt::format("arn:aws:bedrock:{}:123456789012:model-invocation-job", region_of(request.http));
  const std::string_view type = text_at(body, "modelInvocationType");
  order.endpoint = type.empty() ? "InvokeModel" : type;
  order.window = std::chrono::hours(count_at(body, "timeoutDurationInHours").value_or(24));
  std::string_view from;
  std::string_view to;
  if (body["inputDataConfig"]["s3InputDataConfig"]["s3Uri"].get(from) != simdjson::SUCCESS ||
      body["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"].get(to) != simdjson::SUCCESS)
    return bad_request("The s3Uri of both configurations must be strings.");
  for (const std::string_view place : {from, to}) {
    if (!place.starts_with(kS3))
      return bad_request(fmt::format("'{}' is not an S3 URI: s3:// is expected.", place));
  }
  if (from.ends_with('/')) return bad_request("The mock takes one object as input, not a folder.");
  order.input = from.substr(kS3.size());
  order.output = to.substr(kS3.size());
  if (!order.output.ends_with('/')) order.output += '/';
  order.in_buckets = true;
  core::JsonWriter w(order.extra);
  w.open('{');
  for (const std::string_view name : {"jobName", "modelId", "clientRequestToken", "roleArn",
                                      "inputDataConfig", "outputDataConfig", "vpcConfig"}) {
    Element value;
    if (body[name].get(value) != simdjson::SUCCESS) continue;
    w.key(name);
    w.raw(simdjson::minify(value));
  }
  w.field("modelInvocationType", order.endpoint);
  w.field("timeoutDurationInHours",
          std::chrono::duration_cast<std::chrono::hours>(*order.window).count());
  w.close('}');
  return order;
}

// A model's own body is Anthropic's where it says so, else as Converse's, which Nova's is but for its
// version.
std::expected<BatchLine, BatchMistake> bedrock_read_line(const Element& line,
                                                         const BatchOrder& order) {
  simdjson::dom::object input;
  BatchLine read;
  read.id = text_at(line, "recordId");
  if (line["modelInput"].get(input) != simdjson::SUCCESS) {
    return std::unexpected(BatchMistake{
        "ValidationException", "Each record must have a \"modelInput\" object.", 0, "modelInput"});
  }
  read.echo = simdjson::minify(input);
  read.request.method = "POST";
  std::string_view version;
  if (order.endpoint == "InvokeModel" &&
      input["anthropic_version"].get(version) == simdjson::SUCCESS) {
    read.request.target =
        fmt::format("/v1/projects/p/locations/l/publishers/anthropic/models/{}:rawPredict",
                    path_segment(order.model));
  } else {
    read.request.target = fmt::format("/model/{}/converse", path_segment(order.model));
    if (order.endpoint == "Converse" && input["toolConfig"].error() == simdjson::SUCCESS) {
      read.refusal.emplace();
      read.refusal->message = "Tools are not supported in a batch of Converse.";
    }
  }
  core::JsonWriter w(read.request.body);
  w.open('{');
  for (const auto [key, value] : input) {
    if (key == "schemaVersion") continue;
    w.key(key);
    if (key == "anthropic_version") {
      w.value("vertex-2023-10-16");  // the call's that answers it
    } else {
      w.raw(simdjson::minify(value));
    }
  }
  w.close('}');
  return read;
}

void bedrock_write_line(core::JsonWriter& w, const LineResult& line) {
  w.open('{');
  w.field("recordId", line.id);
  w.key("modelInput");
  w.raw(line.echo);
  if (line.null_response) {
    // neither of the two
  } else if (line.kind == LineResult::Kind::answered) {
    w.key("modelOutput");
    if (line.body_text) {
      w.value(line.body);
    } else {
      w.raw(line.body);
    }
  } else {
    w.key("error");
    w.open('{');
    w.field("errorCode", line.status);
    w.field("errorMessage", line.body);
    w.close('}');
  }
  w.close('}');
}

std::string bedrock_batch_id(std::uint64_t draw, const BatchOrder&) {
  return fmt::format("{:012x}", draw >> 16);
}

BatchPlaces bedrock_places(const BatchJob& job, std::uint64_t) {
  const std::string& input = job.order->input;
  const std::string folder = fmt::format("{}{}/", job.order->output, job.id);
  return {fmt::format("{}{}.out", folder, input.substr(input.rfind('/') + 1)),
          {},
          folder + "manifest.json.out"};
}

std::string bedrock_summary(const BatchJob& job) {
  const std::uint64_t processed = job.counts.succeeded + job.counts.failed;
  return fmt::format(R"({{"totalRecordCount":{},"processedRecordCount":{},"successRecordCount":{},)"
                     R"("errorRecordCount":{},"inputTokenCount":{},"outputTokenCount":{}}})",
                     job.counts.total, processed, job.counts.succeeded, job.counts.failed,
                     job.usage ? job.usage->input : 0, job.usage ? job.usage->output : 0);
}

std::string_view bedrock_state_name(const BatchJob& job) {
  switch (job.state) {
    case BatchState::validating:
      return "Validating";
    case BatchState::running:
    case BatchState::finalizing:
      return "InProgress";
    case BatchState::completed:
      return "Completed";
    case BatchState::failed:
      return "Failed";
    case BatchState::expired:
      return job.counts.succeeded + job.counts.failed > 0 ? "PartiallyCompleted" : "Expired";
    case BatchState::cancelling:
      return "Stopping";
    case BatchState::cancelled:
      break;
  }
  return "Stopped";
}

void bedrock_write_job(core::JsonWriter& w, const BatchJob& job) {
  w.open('{');
  w.field("jobArn", fmt::format("{}/{}", job.order->parent, job.id));
  w.raw(std::string_view(job.order->extra).substr(1, job.order->extra.size() - 2));  // its fields
  w.field("status", bedrock_state_name(job));
  w.field("submitTime", rfc3339(job.created));
  w.field("lastModifiedTime", rfc3339(job.ended.value_or(job.now)));
  if (job.ended) w.field("endTime", rfc3339(*job.ended));
  if (job.expires) w.field("jobExpirationTime", rfc3339(*job.expires));
  w.field("totalRecordCount", job.counts.total);
  w.field("processedRecordCount", job.counts.succeeded + job.counts.failed);
  w.field("successRecordCount", job.counts.succeeded);
  w.field("errorRecordCount", job.counts.failed);
  if (!job.mistakes.empty()) w.field("message", job.mistakes.front().message);
  w.close('}');
}

void bedrock_reply(BatchAct act, const BatchJob& job, http::ServerResponse& response) {
  core::JsonWriter w(response.body);
  if (act == BatchAct::cancel) return w.raw("{}");
  if (act == BatchAct::show) return bedrock_write_job(w, job);
  w.open('{');
  w.field("jobArn", fmt::format("{}/{}", job.order->parent, job.id));
  w.close('}');
}

ListPart bedrock_part_of(const http::ServerRequest& request) {
  ListPart part;
  part.after = query_value(request.target, "nextToken").value_or("");
  part.limit = query_count(request, "maxResults", 100, 1000);
  return part;
}

bool bedrock_listed(const BatchJob& job, const http::ServerRequest& request) {
  const auto asked = [&](std::string_view name) {
    return decoded(query_value(request.target, name).value_or(""));
  };
  const std::string state = asked("statusEquals");
  if (!state.empty() && state != bedrock_state_name(job)) return false;
  if (job.order->name.find(asked("nameContains")) == std::string::npos) return false;
  const std::string submitted = rfc3339(job.created);
  const std::string after = asked("submitTimeAfter");
  const std::string before = asked("submitTimeBefore");
  return (after.empty() || submitted >= after) && (before.empty() || submitted <= before);
}

void bedrock_write_list(core::JsonWriter& w, std::span<const BatchJob> jobs, const ListEnds& ends) {
  w.open('{');
  w.key("invocationJobSummaries");
  w.open('[');
  for (const BatchJob& job : jobs) bedrock_write_job(w, job);
  w.close(']');
  if (ends.more) w.field("nextToken", jobs.back().id);
  w.close('}');
}

}  // namespace

const BatchApi kBedrockBatch = {.name = "bedrock",
                                .service = kBedrock,
                                .window = std::chrono::hours(24),
                                .least_lines = 100,
                                .most_lines = 50'000,
                                .writes_unfinished = false,
                                .order = bedrock_read_order,
                                .id = bedrock_batch_id,
                                .line = bedrock_read_line,
                                .write_line = bedrock_write_line,
                                .places = bedrock_places,
                                .summary = bedrock_summary,
                                .reply = bedrock_reply,
                                .part = bedrock_part_of,
                                .listed = bedrock_listed,
                                .write_list = bedrock_write_list};

}  // namespace sluice::wire
