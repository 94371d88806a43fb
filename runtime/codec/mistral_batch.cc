#include "codec/mistral_batch.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "codec/batch_wire.h"
#include "codec/openai_batch.h"
#include "codec/registry.h"
#include "core/json.h"
#include "provider/url_text.h"

namespace sluice::codec {

using namespace provider;

namespace {

constexpr std::string_view kMistralEnded[] = {"success", "failed", "timeout_exceeded", "cancelled"};
constexpr std::string_view kJobs = "/batch/jobs";
constexpr std::size_t kPageSize = 100;

BatchStatus mistral_status(const Element& job) {
  BatchStatus status;
  status.id = text_at(job, "id");
  status.word = lower_case(text_at(job, "status"));
  status.ended = std::ranges::find(kMistralEnded, status.word) != std::end(kMistralEnded);
  for (const std::string_view key : {"output_file", "error_file"})
    add_word(status.results, text_at(job, key));
  // completed_requests counts both.
  status.done = batch_count(job, "succeeded_requests");
  status.failed = batch_count(job, "failed_requests");
  status.total = batch_count(job, "total_requests");
  if (const auto errors = member(job, "errors"))
    if (const auto first = first_of(*errors)) status.problem = text_at(*first, "message");
  status.refused = status.word == "failed" && status.results.empty() && status.done == 0;
  if (const auto metadata = member(job, "metadata")) status.nonce = text_at(*metadata, kBatchLabel);
  if (const auto files = member(job, "input_files")) status.input = text_of(first_of(*files));
  status.created = batch_instant(job, "created_at");
  return status;
}

class MistralBatch final : public BatchApi {
 public:
  MistralBatch(const EndpointSpec& endpoint, const BatchService& service)
      : service_(service),
        model_(endpoint.model),
        endpoint_("/v1" + std::string(make_codec(endpoint)->path())),
        hours_(hours_of(endpoint.batch_window.value_or(service.limits.window), 1, 168)) {}

  BatchLimits limits() const override { return service_.limits; }

  std::string item(std::string_view custom_id, std::string_view body) const override {
    return fmt::format(R"({{"custom_id":"{}","body":{}}})", custom_id, body);
  }

  BatchCall upload(const BatchJob& job, int /*number*/) const override {
    return form_call("/files", job.nonce, {{"purpose", "batch"}});
  }
  core::Result<std::string> uploaded(const BatchJob& /*job*/, int /*number*/,
                                     const BatchReply& reply) const override {
    return uploaded_file(reply);
  }

  BatchCall create(const BatchJob& job) const override {
    std::string body;
    core::JsonWriter w(body);
    w.open('{');
    w.key("input_files");
    w.open('[');
    w.value(std::string_view(job.input));
    w.close(']');
    w.field("endpoint", endpoint_);
    w.field("model", model_);
    w.key("metadata");
    w.open('{');
    w.field(kBatchLabel, job.nonce);
    w.close('}');
    w.field("timeout_hours", hours_);
    w.close('}');
    return json_call(std::string(kJobs), std::move(body));
  }
  BatchCall poll(const BatchJob& job) const override { return {.path = path_of(job.id)}; }
  core::Result<BatchStatus> status(const BatchReply& reply) const override {
    const auto job = parse_batch_reply(reply.body);
    if (!job) return std::unexpected(job.error());
    BatchStatus status = mistral_status(*job);
    if (status.id.empty()) return unreadable_batch("it names no batch");
    return status;
  }

  BatchCall list(const BatchJob& /*job*/, std::string_view next) const override {
    return {.path = fmt::format("{}?page_size={}&order_by=-created&page={}", kJobs, kPageSize,
                                next.empty() ? "0" : next)};
  }
  core::Result<BatchPage> page(const BatchReply& reply) const override {
    const auto list = parse_batch_reply(reply.body);
    if (!list) return std::unexpected(list.error());
    BatchPage page;
    const auto data = member(*list, "data");  // may be left out where there are none
    simdjson::dom::array jobs;
    if (!list->is_object() || (data && data->get(jobs) != simdjson::SUCCESS))
      return unreadable_batch("it is not a list of batches");
    if (data)
      for (const Element job : jobs) page.batches.push_back(mistral_status(job));
    // Pages are counted, and the reply does not say which this is.
    std::uint32_t asked = 0;
    std::from_chars(reply.asked.data(), reply.asked.data() + reply.asked.size(), asked);
    const std::uint64_t before = (std::uint64_t{asked} + 1) * kPageSize;
    if (!page.batches.empty() && before < batch_count(*list, "total"))
      page.next = fmt::format("{}", asked + 1);
    return page;
  }

  BatchCall cancel(const BatchJob& job) const override {
    return {.method = "POST", .path = path_of(job.id) + "/cancel"};
  }

  std::vector<BatchCall> downloads(const BatchJob& job) const override {
    return file_downloads(job.results);
  }
  core::Result<BatchLine> line(std::string_view text) const override {
    return read_openai_line(text);
  }
  std::vector<BatchCall> clean_up(const BatchJob& job) const override {
    return file_deletions(job);
  }

 private:
  static std::string path_of(std::string_view id) {
    return fmt::format("{}/{}", kJobs, segment_text(id));
  }

  const BatchService& service_;
  std::string model_;
  std::string endpoint_;
  int hours_;
};

}  // namespace

std::unique_ptr<BatchApi> make_mistral_batch(const EndpointSpec& endpoint,
                                             const BatchService& service) {
  return std::make_unique<MistralBatch>(endpoint, service);
}

}  // namespace sluice::codec
