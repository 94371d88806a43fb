// Files and batches as OpenAI has them, and as a dozen services and servers speak them
// (docs/providers.md, Batch APIs).
#include "codec/openai_batch.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>

#include "codec/batch_wire.h"
#include "codec/registry.h"
#include "core/json.h"
#include "provider/url_text.h"

namespace sluice::codec {

using namespace provider;

namespace {

constexpr std::string_view kOpenAiEnded[] = {"completed", "failed", "expired", "cancelled"};

class OpenAiBatch final : public BatchApi {
 public:
  OpenAiBatch(const EndpointSpec& endpoint, const BatchService& service) : service_(service) {
    const auto codec = make_codec(endpoint);
    // As OpenAI names its endpoints in a file: "/v1/chat/completions", whatever stands in base_url.
    url_ = "/v1" + std::string(codec->path());
  }

  BatchLimits limits() const override { return service_.limits; }

  std::string item(std::string_view custom_id, std::string_view body) const override {
    return openai_item(custom_id, url_, body);
  }

  BatchCall upload(const BatchJob& job, int /*number*/) const override {
    return form_call(std::string(service_.upload_path), job.nonce, {{"purpose", service_.purpose}});
  }
  core::Result<std::string> uploaded(const BatchJob& /*job*/, int /*number*/,
                                     const BatchReply& reply) const override {
    return uploaded_file(reply);
  }

  BatchCall create(const BatchJob& job) const override {
    std::string body;
    core::JsonWriter w(body);
    w.open('{');
    w.field("input_file_id", job.input);
    w.field("endpoint", url_);
    w.field("completion_window", service_.window);
    if (service_.metadata) {
      w.key("metadata");
      w.open('{');
      w.field(kBatchLabel, job.nonce);
      w.close('}');
    }
    w.close('}');
    return json_call("/batches", std::move(body));
  }
  BatchCall poll(const BatchJob& job) const override {
    return {.path = "/batches/" + segment_text(job.id)};
  }
  core::Result<BatchStatus> status(const BatchReply& reply) const override {
    const auto batch = parse_batch_reply(reply.body);
    if (!batch) return std::unexpected(batch.error());
    BatchStatus status = status_of(member(*batch, "job").value_or(*batch));  // Together's is inside
    if (status.id.empty()) return unreadable_batch("it names no batch");
    return status;
  }

  BatchCall list(const BatchJob& /*job*/, std::string_view next) const override {
    return {.path = next.empty() ? "/batches?limit=100"
                                 : "/batches?limit=100&after=" + segment_text(next)};
  }
  core::Result<BatchPage> page(const BatchReply& reply) const override {
    const auto list = parse_batch_reply(reply.body);
    if (!list) return std::unexpected(list.error());
    BatchPage page;
    simdjson::dom::array batches;
    if (list->get(batches) != simdjson::SUCCESS &&  // Together's
        (*list)["data"].get(batches) != simdjson::SUCCESS)
      return unreadable_batch("it is no list of batches");
    for (const Element batch : batches) page.batches.push_back(status_of(batch));
    bool more = false;
    if (list->is_object()) std::ignore = (*list)["has_more"].get(more);
    if (more && !page.batches.empty()) page.next = page.batches.back().id;
    return page;
  }

  BatchCall cancel(const BatchJob& job) const override {
    return {.method = "POST", .path = fmt::format("/batches/{}/cancel", segment_text(job.id))};
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
  static BatchStatus status_of(const Element& batch) {
    BatchStatus status;
    status.id = text_at(batch, "id");
    status.word = lower_case(text_at(batch, "status"));
    status.ended = std::ranges::find(kOpenAiEnded, status.word) != std::end(kOpenAiEnded);
    // What has the answers, and what has the errors.
    for (const std::string_view key : {"output_file_id", "error_file_id"})
      add_word(status.results, text_at(batch, key));
    if (const auto counts = member(batch, "request_counts")) {
      status.total = batch_count(*counts, "total");
      status.done = batch_count(*counts, "completed");
      status.failed = batch_count(*counts, "failed");
    }
    take_errors(batch, status);
    status.refused = status.word == "failed" && status.results.empty();
    if (const auto metadata = member(batch, "metadata"))
      status.nonce = text_at(*metadata, kBatchLabel);
    status.input = text_at(batch, "input_file_id");
    status.created = batch_instant(batch, "created_at");
    return status;
  }

  static void take_errors(const Element& batch, BatchStatus& status) {
    const auto errors = member(batch, "errors");
    simdjson::dom::array data;
    if (!errors || (*errors)["data"].get(data) != simdjson::SUCCESS) return;
    for (const Element error : data) {
      const std::string_view code = text_at(error, "code");
      if (code == "token_limit_exceeded") status.no_room = true;
      if (!status.problem.empty()) continue;
      status.problem = text_at(error, "message");
      if (status.problem.empty()) status.problem = code;
    }
  }

  const BatchService& service_;
  std::string url_;
};

}  // namespace

std::string openai_item(std::string_view custom_id, std::string_view url, std::string_view body) {
  return fmt::format(R"({{"custom_id":"{}","method":"POST","url":"{}","body":{}}})", custom_id, url,
                     body);
}

core::Result<std::string> uploaded_file(const BatchReply& reply) {
  const auto file = parse_batch_reply(reply.body);
  if (!file) return std::unexpected(file.error());
  const std::string_view id = text_at(*file, "id");
  if (id.empty()) return unreadable_batch("it names no file");
  return std::string(id);
}

core::Result<BatchLine> read_openai_line(std::string_view text) {
  const auto line = parse_batch_line(text);
  if (!line) return std::unexpected(line.error());
  BatchLine out;
  out.custom_id = text_at(*line, "custom_id");
  if (out.custom_id.empty()) return core::fail(core::ErrorCode::io, "it has no custom_id");
  const auto response = member(*line, "response");
  const auto body = response ? member(*response, "body") : std::nullopt;
  if (body) {
    // OGX gives the body as text.
    std::string_view written;
    out.body =
        body->get(written) == simdjson::SUCCESS ? std::string(written) : simdjson::minify(*body);
    const std::uint64_t code = batch_count(*response, "status_code");
    out.status = code == 0 ? 200 : code <= 599 ? static_cast<int>(code) : 500;
    return out;
  }
  const auto error = member(*line, "error");
  const std::string_view code = error ? text_at(*error, "code") : std::string_view();
  const bool not_run = code == "batch_expired" || code == "batch_cancelled";
  out.kind = not_run ? BatchLine::Kind::not_run : BatchLine::Kind::failed;
  out.problem =
      error ? text_at(*error, "message") : std::string_view("neither a response nor an error");
  if (out.problem.empty()) out.problem = code.empty() ? text_of(error) : code;
  return out;
}

std::vector<BatchCall> file_downloads(std::string_view results) {
  std::vector<BatchCall> calls;
  for (const std::string& file : words_of(results))
    calls.push_back({.path = fmt::format("/files/{}/content", segment_text(file))});
  return calls;
}

std::vector<BatchCall> file_deletions(const BatchJob& job) {
  std::vector<BatchCall> calls;
  std::vector<std::string> files = words_of(job.results);
  if (!job.input.empty()) files.push_back(job.input);
  for (const std::string& file : files)
    calls.push_back({.method = "DELETE", .path = "/files/" + segment_text(file)});
  return calls;
}

std::unique_ptr<BatchApi> make_openai_batch(const EndpointSpec& endpoint,
                                            const BatchService& service) {
  return std::make_unique<OpenAiBatch>(endpoint, service);
}

}  // namespace sluice::codec
