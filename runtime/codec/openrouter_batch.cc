#include "codec/openrouter_batch.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "codec/batch_wire.h"
#include "codec/openai_batch.h"
#include "codec/registry.h"
#include "core/json.h"
#include "provider/url_text.h"

namespace sluice::codec {

using namespace provider;

namespace {

constexpr std::string_view kOpenRouterEnded[] = {"completed", "failed", "expired", "cancelled"};

BatchStatus openrouter_status(const Element& batch) {
  BatchStatus status;
  status.id = text_at(batch, "id");
  status.word = text_at(batch, "status");
  status.ended = std::ranges::find(kOpenRouterEnded, status.word) != std::end(kOpenRouterEnded);
  if (const auto counts = member(batch, "request_counts")) {
    status.total = batch_count(*counts, "total");
    status.done = batch_count(*counts, "completed");
    status.failed = batch_count(*counts, "failed");
  }
  if (const auto error = member(batch, "error")) status.problem = text_at(*error, "message");
  status.refused = status.word == "failed" && status.done == 0;
  if (status.ended && !status.refused) status.results = status.id;
  status.created = batch_instant(batch, "created_at");
  return status;
}

class OpenRouterBatch final : public BatchApi {
 public:
  OpenRouterBatch(const EndpointSpec& endpoint, const BatchService& service) : service_(service) {
    core::JsonWriter w(before_);
    w.open('{');
    // In this order: what they are for is read as it comes.
    w.field("endpoint", "/v1" + std::string(make_codec(endpoint)->path()));
    w.field("model", endpoint.model);
    w.key("requests");
    w.raw("[");
  }

  BatchLimits limits() const override { return service_.limits; }

  std::string item(std::string_view custom_id, std::string_view body) const override {
    return fmt::format(R"({{"custom_id":"{}","body":{}}})", custom_id, body);
  }
  std::string_view between_items() const override { return ","; }
  int uploads() const override { return 0; }

  BatchCall create(const BatchJob& /*job*/) const override {
    BatchCall call = json_call("/batches", before_);
    call.body.file = true;
    call.body.after = "]}";
    return call;
  }
  BatchCall poll(const BatchJob& job) const override { return {.path = path_of(job.id)}; }
  core::Result<BatchStatus> status(const BatchReply& reply) const override {
    const auto batch = parse_batch_reply(reply.body);
    if (!batch) return std::unexpected(batch.error());
    BatchStatus status = openrouter_status(*batch);
    if (status.id.empty()) return unreadable_batch("it names no batch");
    return status;
  }

  BatchCall list(const BatchJob& /*job*/, std::string_view next) const override {
    std::string path = "/batches?limit=100";
    if (!next.empty()) path += "&after=" + segment_text(next);
    return {.path = std::move(path)};
  }
  core::Result<BatchPage> page(const BatchReply& reply) const override {
    return page_with_last_id(reply, openrouter_status);
  }

  // There is no such call: the reply says so, and the batch goes on.
  BatchCall cancel(const BatchJob& job) const override {
    return {.method = "POST", .path = path_of(job.id) + "/cancel"};
  }

  std::vector<BatchCall> downloads(const BatchJob& job) const override {
    if (job.results.empty()) return {};
    return {{.path = results_of(job)}};
  }
  bool results_in_pages() const override { return true; }
  core::Result<BatchResultPage> result_page(const BatchJob& job,
                                            const BatchReply& reply) const override {
    const auto body = parse_batch_reply(reply.body);
    if (!body) return std::unexpected(body.error());
    auto page = lines_of(*body, "data");
    if (!page) return page;
    if (const std::string_view next = text_at(*body, "next_cursor"); !next.empty())
      page->next = BatchCall{.path = results_of(job) + "&cursor=" + segment_text(next)};
    return page;
  }
  core::Result<BatchLine> line(std::string_view text) const override {
    return read_openai_line(text);
  }

  std::vector<BatchCall> clean_up(const BatchJob& job) const override {
    if (job.id.empty()) return {};
    return {{.method = "DELETE", .path = path_of(job.id)}};
  }

 private:
  static std::string path_of(std::string_view id) { return "/batches/" + segment_text(id); }
  static std::string results_of(const BatchJob& job) {
    return path_of(job.results) + "/results?limit=500";
  }

  const BatchService& service_;
  std::string before_;
};

}  // namespace

std::unique_ptr<BatchApi> make_openrouter_batch(const EndpointSpec& endpoint,
                                                const BatchService& service) {
  return std::make_unique<OpenRouterBatch>(endpoint, service);
}

}  // namespace sluice::codec
