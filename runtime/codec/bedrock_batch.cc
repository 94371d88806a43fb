#include "codec/bedrock_batch.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "codec/batch_wire.h"
#include "core/json.h"
#include "provider/url_text.h"

namespace sluice::codec {

using namespace provider;

namespace {

constexpr std::string_view kS3 = "s3://";
constexpr std::string_view kBedrockEnded[] = {"completed", "partiallycompleted", "failed",
                                              "stopped", "expired"};
constexpr std::string_view kRuntime = "bedrock-runtime";
constexpr std::string_view kControl = "bedrock";

// "https://bedrock.us-east-1.amazonaws.com" of the runtime's base_url; empty, so that paths are below
// base_url, at any other host.
std::string control_plane(std::string_view base_url) {
  const std::string_view origin = origin_of(base_url);
  const std::size_t host = origin.find("//") + 2;
  if (origin.empty() || !origin.substr(host).starts_with(kRuntime)) return {};
  return fmt::format("{}{}{}", origin.substr(0, host), kControl,
                     origin.substr(host + kRuntime.size()));
}

class BedrockBatch final : public BatchApi {
 public:
  BedrockBatch(const EndpointSpec& endpoint, const BatchService& service)
      : service_(service),
        control_(control_plane(endpoint.base_url)),
        model_(endpoint.model),
        bucket_(endpoint.batch_bucket),
        role_(endpoint.batch_role),
        hours_(hours_of(endpoint.batch_window.value_or(service.limits.window), 24, 168)) {}

  BatchLimits limits() const override { return service_.limits; }

  std::string item(std::string_view custom_id, std::string_view body) const override {
    return fmt::format(R"({{"recordId":"{}","modelInput":{}}})", custom_id, body);
  }

  int uploads() const override { return 0; }
  std::optional<std::string> place_of_file(const BatchJob& job) const override {
    return batch_folder(bucket_, job.nonce) + "requests.jsonl";
  }

  BatchCall create(const BatchJob& job) const override {
    std::string body;
    core::JsonWriter w(body);
    const auto uri_in = [&w](const char* outer, const char* inner) {
      w.key(outer);
      w.open('{');
      w.key(inner);
      w.open('{');
    };
    w.open('{');
    w.field("jobName", name_of(job));
    w.field("roleArn", role_);
    w.field("clientRequestToken", job.nonce);
    w.field("modelId", model_);
    w.field("modelInvocationType", "Converse");
    uri_in("inputDataConfig", "s3InputDataConfig");
    w.field("s3InputFormat", "JSONL");
    w.field("s3Uri", *place_of_file(job));
    w.close('}');
    w.close('}');
    uri_in("outputDataConfig", "s3OutputDataConfig");
    w.field("s3Uri", results_folder(job));
    w.close('}');
    w.close('}');
    w.field("timeoutDurationInHours", hours_);
    w.close('}');
    return json_call(control_ + "/model-invocation-job", std::move(body));
  }
  bool creates_once() const override { return true; }
  BatchCall poll(const BatchJob& job) const override { return {.path = path_of(job)}; }
  core::Result<BatchStatus> status(const BatchReply& reply) const override {
    const auto job = parse_batch_reply(reply.body);
    if (!job) return std::unexpected(job.error());
    BatchStatus status = status_of(*job);
    if (status.id.empty()) return unreadable_batch("it names no batch");
    return status;
  }

  BatchCall list(const BatchJob& job, std::string_view next) const override {
    std::string path = fmt::format("{}/model-invocation-jobs?maxResults=100&nameContains={}",
                                   control_, name_of(job));
    if (!next.empty()) path += "&nextToken=" + segment_text(next);
    return {.path = std::move(path)};
  }
  core::Result<BatchPage> page(const BatchReply& reply) const override {
    const auto list = parse_batch_reply(reply.body);
    if (!list) return std::unexpected(list.error());
    const auto found = member(*list, "invocationJobSummaries");  // absent where there are none
    simdjson::dom::array jobs;
    if (!list->is_object() || (found && found->get(jobs) != simdjson::SUCCESS))
      return unreadable_batch("it is not a list of batches");
    BatchPage page;
    if (found)
      for (const Element job : jobs) page.batches.push_back(status_of(job));
    page.next = text_at(*list, "nextToken");
    return page;
  }

  BatchCall cancel(const BatchJob& job) const override {
    return {.method = "POST", .path = path_of(job) + "/stop"};
  }

  std::vector<BatchCall> downloads(const BatchJob& /*job*/) const override { return {}; }
  // With JOB/requests.jsonl.out and JOB/manifest.json.out.
  std::vector<std::string> places_of_results(const BatchJob& job) const override {
    return {results_folder(job)};
  }

  core::Result<BatchLine> line(std::string_view text) const override {
    const auto line = parse_batch_line(text);
    if (!line) return std::unexpected(line.error());
    BatchLine out;
    out.custom_id = text_at(*line, "recordId");
    if (out.custom_id.empty()) return core::fail(core::ErrorCode::io, "it has no recordId");
    if (const auto output = member(*line, "modelOutput")) {
      out.body = simdjson::minify(*output);
      return out;
    }
    const auto error = member(*line, "error");
    if (!error) {
      out.kind = BatchLine::Kind::failed;
      out.problem = "neither a modelOutput nor an error";
      return out;
    }
    const std::uint64_t code = batch_count(*error, "errorCode");
    out.status = code >= 400 && code <= 599 ? static_cast<int>(code) : 500;
    out.problem = text_at(*error, "errorMessage");
    // As the online API has it.
    core::JsonWriter w(out.body);
    w.open('{');
    w.field("message", out.problem);
    w.close('}');
    return out;
  }

  // Jobs cannot be deleted.
  std::vector<BatchCall> clean_up(const BatchJob& /*job*/) const override { return {}; }

 private:
  static std::string name_of(const BatchJob& job) {
    return fmt::format("{}{}", kBatchPrefix, job.nonce);
  }
  std::string path_of(const BatchJob& job) const {
    return fmt::format("{}/model-invocation-job/{}", control_, segment_text(job.id));
  }
  std::string results_folder(const BatchJob& job) const {
    return batch_folder(bucket_, job.nonce) + "results/";
  }

  static BatchStatus status_of(const Element& job) {
    BatchStatus status;
    status.id = text_at(job, "jobArn");
    status.word = lower_case(text_at(job, "status"));
    status.ended = std::ranges::find(kBedrockEnded, status.word) != std::end(kBedrockEnded);
    status.done = batch_count(job, "successRecordCount");
    status.failed = batch_count(job, "errorRecordCount");
    status.total = batch_count(job, "totalRecordCount");
    status.problem = text_at(job, "message");
    status.refused = status.word == "failed" && status.done == 0 && status.failed == 0;
    status.nonce = text_at(job, "clientRequestToken");
    status.created = batch_instant(job, "submitTime");
    return status;
  }

  const BatchService& service_;
  std::string control_;
  std::string model_;
  std::string bucket_;
  std::string role_;
  int hours_;
};

}  // namespace

std::unique_ptr<BatchApi> make_bedrock_batch(const EndpointSpec& endpoint,
                                             const BatchService& service) {
  if (!check_bedrock_batch(endpoint)) return nullptr;
  return std::make_unique<BedrockBatch>(endpoint, service);
}

core::Status check_bedrock_batch(const EndpointSpec& endpoint) {
  if (endpoint.batch_role.empty())
    return core::fail(core::ErrorCode::pipeline,
                      "missing option 'batch_role' for batches at bedrock",
                      "add batch_role = \"arn:aws:iam::123456789012:role/NAME\", a role that may "
                      "read and write the bucket and is trusted by Bedrock");
  return check_bucket(endpoint, "bedrock", kS3);
}

}  // namespace sluice::codec
