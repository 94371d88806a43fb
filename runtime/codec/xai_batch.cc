#include "codec/xai_batch.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "codec/batch_wire.h"
#include "codec/openai_batch.h"
#include "codec/registry.h"
#include "core/json.h"
#include "provider/url_text.h"

namespace sluice::codec {

using namespace provider;

namespace {

BatchStatus xai_status(const Element& batch) {
  BatchStatus status;
  status.id = text_at(batch, "batch_id");
  status.nonce = text_at(batch, "name");
  status.input = text_at(batch, "input_file_id");
  std::uint64_t pending = 0;
  std::uint64_t cancelled = 0;
  if (const auto counts = member(batch, "state")) {
    status.total = batch_count(*counts, "num_requests");
    status.done = batch_count(*counts, "num_success");
    cancelled = batch_count(*counts, "num_cancelled");
    status.failed = batch_count(*counts, "num_error") + cancelled;
    pending = batch_count(*counts, "num_pending");
  }
  // Of a file that was refused, or of a batch that xAI has stopped.
  status.problem = text_at(batch, "cancel_by_xai_message");
  const bool stopped = !text_at(batch, "cancel_time").empty() || !status.problem.empty();
  // Until the file was read all counts are zero.
  status.ended = pending == 0 && (status.total > 0 || stopped);
  status.refused = status.ended && status.total == 0 && !status.problem.empty();
  status.word = status.refused  ? "refused"
                : !status.ended ? (status.total == 0 ? "validating" : "in_progress")
                : stopped       ? "cancelled"
                : cancelled > 0 ? "cancelled"
                                : "completed";
  if (status.ended) status.results = status.id;
  return status;
}

class XaiBatch final : public BatchApi {
 public:
  XaiBatch(const EndpointSpec& endpoint, const BatchService& service)
      : service_(service), url_("/v1" + std::string(make_codec(endpoint)->path())) {}

  BatchLimits limits() const override { return service_.limits; }

  std::string item(std::string_view custom_id, std::string_view body) const override {
    return openai_item(custom_id, url_, body);
  }

  BatchCall upload(const BatchJob& job, int /*number*/) const override {
    return form_call("/files", job.nonce, {});
  }
  core::Result<std::string> uploaded(const BatchJob& /*job*/, int /*number*/,
                                     const BatchReply& reply) const override {
    return uploaded_file(reply);
  }

  BatchCall create(const BatchJob& job) const override {
    std::string body;
    core::JsonWriter w(body);
    w.open('{');
    w.field("name", job.nonce);
    w.field("input_file_id", job.input);
    w.close('}');
    return json_call("/batches", std::move(body));
  }
  BatchCall poll(const BatchJob& job) const override { return {.path = path_of(job.id)}; }
  core::Result<BatchStatus> status(const BatchReply& reply) const override {
    const auto batch = parse_batch_reply(reply.body);
    if (!batch) return std::unexpected(batch.error());
    BatchStatus status = xai_status(*batch);
    if (status.id.empty()) return unreadable_batch("it names no batch");
    return status;
  }

  BatchCall list(const BatchJob& /*job*/, std::string_view next) const override {
    std::string path = "/batches?limit=100";
    if (!next.empty()) path += "&pagination_token=" + segment_text(next);
    return {.path = std::move(path)};
  }
  core::Result<BatchPage> page(const BatchReply& reply) const override {
    const auto list = parse_batch_reply(reply.body);
    if (!list) return std::unexpected(list.error());
    simdjson::dom::array batches;
    if ((*list)["batches"].get(batches) != simdjson::SUCCESS)
      return unreadable_batch("it is not a list of batches");
    BatchPage page;
    for (const Element batch : batches) page.batches.push_back(xai_status(batch));
    page.next = text_at(*list, "pagination_token");
    return page;
  }

  BatchCall cancel(const BatchJob& job) const override {
    return {.method = "POST", .path = path_of(job.id) + ":cancel"};
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
    auto page = lines_of(*body, "results");
    if (!page) return page;
    if (const std::string_view next = text_at(*body, "pagination_token"); !next.empty())
      page->next = BatchCall{.path = results_of(job) + "&pagination_token=" + segment_text(next)};
    return page;
  }

  core::Result<BatchLine> line(std::string_view text) const override {
    const auto line = parse_batch_line(text);
    if (!line) return std::unexpected(line.error());
    BatchLine out;
    out.custom_id = text_at(*line, "batch_request_id");
    if (out.custom_id.empty()) return core::fail(core::ErrorCode::io, "it has no batch_request_id");
    const auto result = member(*line, "batch_result");
    const auto response = result ? member(*result, "response") : std::nullopt;
    if (const auto answer = response ? member(*response, "chat_get_completion") : std::nullopt) {
      out.body = simdjson::minify(*answer);
      return out;
    }
    const auto error = result ? member(*result, "error") : std::nullopt;
    if (error && batch_count(*error, "code") > 0) {
      take_google_error(*error, out);
      return out;
    }
    out.kind = BatchLine::Kind::failed;
    out.problem = error ? text_at(*error, "message") : text_at(*line, "error_message");
    if (out.problem.empty()) out.problem = "neither a response nor an error";
    return out;
  }

  std::vector<BatchCall> clean_up(const BatchJob& job) const override {
    return file_deletions({.input = job.input});
  }

 private:
  static std::string path_of(std::string_view id) { return "/batches/" + segment_text(id); }
  static std::string results_of(const BatchJob& job) {
    return path_of(job.results) + "/results?limit=100";
  }

  const BatchService& service_;
  std::string url_;
};

}  // namespace

std::unique_ptr<BatchApi> make_xai_batch(const EndpointSpec& endpoint,
                                         const BatchService& service) {
  return std::make_unique<XaiBatch>(endpoint, service);
}

}  // namespace sluice::codec
