#include "codec/anthropic_batch.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "codec/batch_wire.h"
#include "codec/registry.h"
#include "provider/url_text.h"

namespace sluice::codec {

using namespace provider;

namespace {

constexpr std::string_view kEnded = "ended";

// The HTTP status with which an error of this type comes online (docs/providers.md, Errors). What is
// not known may pass.
int status_of_error(std::string_view type) {
  struct Row {
    std::string_view type;
    int status;
  };
  constexpr Row kRows[] = {
      {"invalid_request_error", 400}, {"authentication_error", 401}, {"billing_error", 402},
      {"permission_error", 403},      {"not_found_error", 404},      {"request_too_large", 413},
      {"rate_limit_error", 429},      {"timeout_error", 504},        {"overloaded_error", 529},
  };
  for (const Row& row : kRows)
    if (row.type == type) return row.status;
  return 500;
}

BatchStatus anthropic_status(const Element& batch) {
  BatchStatus status;
  status.id = text_at(batch, "id");
  status.word = text_at(batch, "processing_status");
  status.ended = status.word == kEnded;
  // They are at results_url too, whose host is not for a reply to choose.
  if (status.ended && !member(batch, "archived_at")) status.results = status.id;
  if (const auto counts = member(batch, "request_counts")) {
    status.done = batch_count(*counts, "succeeded");
    for (const std::string_view key : {"errored", "canceled", "expired"})
      status.failed += batch_count(*counts, key);
    status.total = batch_count(*counts, "processing") + status.done + status.failed;
  }
  if (status.ended && status.results.empty()) status.problem = "the provider has archived it";
  status.created = batch_instant(batch, "created_at");
  return status;
}

class AnthropicBatch final : public BatchApi {
 public:
  AnthropicBatch(const Codec& codec, const BatchService& service)
      : service_(service), path_(std::string(codec.path()) + "/batches") {}

  BatchLimits limits() const override { return service_.limits; }

  std::string item(std::string_view custom_id, std::string_view body) const override {
    return fmt::format(R"({{"custom_id":"{}","params":{}}})", custom_id, body);
  }
  std::string_view between_items() const override { return ","; }
  int uploads() const override { return 0; }

  BatchCall create(const BatchJob& /*job*/) const override {
    BatchCall call = json_call(path_, R"({"requests":[)");
    call.body.file = true;
    call.body.after = "]}";
    return call;
  }
  BatchCall poll(const BatchJob& job) const override { return call_of(job.id); }
  core::Result<BatchStatus> status(const BatchReply& reply) const override {
    const auto batch = parse_batch_reply(reply.body);
    if (!batch) return std::unexpected(batch.error());
    BatchStatus status = anthropic_status(*batch);
    if (status.id.empty()) return unreadable_batch("it names no batch");
    return status;
  }

  BatchCall list(const BatchJob& /*job*/, std::string_view next) const override {
    std::string path = path_ + "?limit=100";
    if (!next.empty()) path += "&after_id=" + segment_text(next);
    return {.path = std::move(path)};
  }
  core::Result<BatchPage> page(const BatchReply& reply) const override {
    return page_with_last_id(reply, anthropic_status);
  }

  BatchCall cancel(const BatchJob& job) const override {
    BatchCall call = call_of(job.id, "/cancel");
    call.method = "POST";
    return call;
  }

  std::vector<BatchCall> downloads(const BatchJob& job) const override {
    if (job.results.empty()) return {};
    return {call_of(job.results, "/results")};
  }

  core::Result<BatchLine> line(std::string_view text) const override {
    const auto line = parse_batch_line(text);
    if (!line) return std::unexpected(line.error());
    BatchLine out;
    out.custom_id = text_at(*line, "custom_id");
    if (out.custom_id.empty()) return core::fail(core::ErrorCode::io, "it has no custom_id");
    const auto result = member(*line, "result");
    const std::string_view type = result ? text_at(*result, "type") : std::string_view();
    if (type == "canceled" || type == "expired") {
      out.kind = BatchLine::Kind::not_run;
      out.problem = type;
      return out;
    }
    const auto message = result ? member(*result, "message") : std::nullopt;
    const auto error = result ? member(*result, "error") : std::nullopt;
    if (type == "succeeded" && message) {
      out.body = simdjson::minify(*message);
      return out;
    }
    // {"type": "error", "error": {"type", "message"}}: as it comes online.
    if (const auto inner = error ? member(*error, "error") : std::nullopt) {
      out.status = status_of_error(text_at(*inner, "type"));
      out.body = simdjson::minify(*error);
      out.problem = text_at(*inner, "message");
      return out;
    }
    out.kind = BatchLine::Kind::failed;
    out.problem = type.empty() ? "neither a message nor an error" : std::string(type);
    return out;
  }

  std::vector<BatchCall> clean_up(const BatchJob& job) const override {
    if (job.id.empty()) return {};
    BatchCall call = call_of(job.id);
    call.method = "DELETE";
    return {call};
  }

 private:
  BatchCall call_of(std::string_view id, std::string_view rest = {}) const {
    return {.path = fmt::format("{}/{}{}", path_, segment_text(id), rest)};
  }

  const BatchService& service_;
  std::string path_;
};

}  // namespace

std::unique_ptr<BatchApi> make_anthropic_batch(const EndpointSpec& endpoint,
                                               const BatchService& service) {
  if (endpoint.service_tier == "fast") return nullptr;
  return std::make_unique<AnthropicBatch>(*make_codec(endpoint), service);
}

}  // namespace sluice::codec
