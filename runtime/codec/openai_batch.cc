// Files and batches as OpenAI has them, and as a dozen services and servers speak them
// (docs/providers.md, Batch APIs).
#include "codec/openai_batch.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>

#include "codec/registry.h"
#include "core/json.h"
#include "provider/wire_json.h"

namespace sluice::codec {

using namespace provider;

namespace {

constexpr std::string_view kEndedWords[] = {"completed", "failed", "expired", "cancelled"};
constexpr std::string_view kPrefix = "sluice-";  // of our files' names, before the nonce
constexpr std::string_view kMetadata = "sluice";

simdjson::dom::parser& parser() {
  thread_local simdjson::dom::parser kept;
  return kept;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::uint64_t count_in(const Element& object, std::string_view key) {
  std::uint64_t count = 0;
  return object[key].get(count) == simdjson::SUCCESS ? count : 0;
}

std::unexpected<core::Error> unreadable(std::string_view what) {
  return core::fail(core::ErrorCode::io,
                    fmt::format("the batch API's reply cannot be read: {}", what));
}

// A multipart form with one field and the batch's file.
BatchBody form_of(std::string_view boundary, std::string_view purpose, std::string_view name) {
  return {.before = fmt::format("--{0}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n"
                                "{1}\r\n--{0}\r\nContent-Disposition: form-data; name=\"file\"; "
                                "filename=\"{2}\"\r\nContent-Type: application/jsonl\r\n\r\n",
                                boundary, purpose, name),
          .file = true,
          .after = fmt::format("\r\n--{}--\r\n", boundary)};
}

class OpenAiBatch final : public BatchApi {
 public:
  OpenAiBatch(const EndpointSpec& endpoint, const BatchService& service) : service_(service) {
    const auto codec = make_codec(endpoint);
    // As OpenAI names its endpoints in a file: "/v1/chat/completions", whatever stands in base_url.
    url_ = "/v1" + std::string(codec->path());
  }

  BatchLimits limits() const override { return service_.limits; }

  std::string item(std::string_view custom_id, std::string_view body) const override {
    return fmt::format(R"({{"custom_id":"{}","method":"POST","url":"{}","body":{}}})", custom_id,
                       url_, body);
  }

  BatchCall upload(const BatchJob& job, int /*number*/) const override {
    const std::string boundary = fmt::format("sluice{}", job.nonce);
    return {
        .method = "POST",
        .path = std::string(service_.upload_path),
        .headers = {{"Content-Type", "multipart/form-data; boundary=" + boundary}},
        .body = form_of(boundary, service_.purpose, fmt::format("{}{}.jsonl", kPrefix, job.nonce))};
  }
  core::Result<std::string> uploaded(const BatchJob& /*job*/, int /*number*/,
                                     const BatchReply& reply) const override {
    Element file;
    if (parser().parse(reply.body.data(), reply.body.size()).get(file) != simdjson::SUCCESS)
      return unreadable("it is not JSON");
    const std::string_view id = text_at(file, "id");
    if (id.empty()) return unreadable("it names no file");
    return std::string(id);
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
      w.field(kMetadata, job.nonce);
      w.close('}');
    }
    w.close('}');
    return {.method = "POST",
            .path = "/batches",
            .headers = {{"Content-Type", "application/json"}},
            .body = {.before = std::move(body)}};
  }
  BatchCall poll(const BatchJob& job) const override { return {.path = "/batches/" + job.id}; }
  core::Result<BatchStatus> status(const BatchReply& reply) const override {
    Element batch;
    if (parser().parse(reply.body.data(), reply.body.size()).get(batch) != simdjson::SUCCESS)
      return unreadable("it is not JSON");
    if (const auto inside = member(batch, "job")) batch = *inside;  // Together's
    BatchStatus status = status_of(batch);
    if (status.id.empty()) return unreadable("it names no batch");
    return status;
  }

  BatchCall list(const BatchJob& /*job*/, std::string_view next) const override {
    return {.path = next.empty() ? "/batches?limit=100"
                                 : fmt::format("/batches?limit=100&after={}", next)};
  }
  core::Result<BatchPage> page(const BatchReply& reply) const override {
    Element list;
    if (parser().parse(reply.body.data(), reply.body.size()).get(list) != simdjson::SUCCESS)
      return unreadable("it is not JSON");
    BatchPage page;
    simdjson::dom::array batches;
    if (list.get(batches) != simdjson::SUCCESS &&  // Together's
        list["data"].get(batches) != simdjson::SUCCESS)
      return unreadable("it is no list of batches");
    for (const Element batch : batches) page.batches.push_back(status_of(batch));
    bool more = false;
    if (list.is_object()) std::ignore = list["has_more"].get(more);
    if (more && !page.batches.empty()) page.next = page.batches.back().id;
    return page;
  }

  BatchCall cancel(const BatchJob& job) const override {
    return {.method = "POST", .path = fmt::format("/batches/{}/cancel", job.id)};
  }

  std::vector<BatchCall> downloads(const BatchJob& job) const override {
    std::vector<BatchCall> calls;
    for (const std::string& file : files_of(job.results))
      calls.push_back({.path = fmt::format("/files/{}/content", file)});
    return calls;
  }

  core::Result<BatchLine> line(std::string_view text) const override {
    Element line;
    if (parser().parse(text.data(), text.size()).get(line) != simdjson::SUCCESS)
      return core::fail(core::ErrorCode::io, "it is not JSON");
    BatchLine out;
    out.custom_id = text_at(line, "custom_id");
    if (out.custom_id.empty()) return core::fail(core::ErrorCode::io, "it has no custom_id");
    const auto response = member(line, "response");
    const auto body = response ? member(*response, "body") : std::nullopt;
    if (body) {
      // OGX gives the body as text.
      std::string_view written;
      out.body =
          body->get(written) == simdjson::SUCCESS ? std::string(written) : simdjson::minify(*body);
      const std::uint64_t code = count_in(*response, "status_code");
      out.status = code == 0 ? 200 : static_cast<int>(code);
      return out;
    }
    const auto error = member(line, "error");
    const std::string_view code = error ? text_at(*error, "code") : std::string_view();
    const bool not_run = code == "batch_expired" || code == "batch_cancelled";
    out.kind = not_run ? BatchLine::Kind::not_run : BatchLine::Kind::failed;
    out.problem =
        error ? text_at(*error, "message") : std::string_view("neither a response nor an error");
    if (out.problem.empty()) out.problem = code;
    return out;
  }

  std::vector<BatchCall> clean_up(const BatchJob& job) const override {
    std::vector<BatchCall> calls;
    std::vector<std::string> files = files_of(job.results);
    if (!job.input.empty()) files.push_back(job.input);
    for (const std::string& file : files)
      calls.push_back({.method = "DELETE", .path = "/files/" + file});
    return calls;
  }

 private:
  // "file-1 file-2": what has the answers, and what has the errors.
  static std::vector<std::string> files_of(std::string_view results) {
    std::vector<std::string> files;
    while (!results.empty()) {
      const std::size_t end = std::min(results.find(' '), results.size());
      if (end > 0) files.emplace_back(results.substr(0, end));
      results.remove_prefix(std::min(end + 1, results.size()));
    }
    return files;
  }

  static BatchStatus status_of(const Element& batch) {
    BatchStatus status;
    status.id = text_at(batch, "id");
    status.word = lower(text_at(batch, "status"));
    status.ended = std::ranges::find(kEndedWords, status.word) != std::end(kEndedWords);
    for (const std::string_view key : {"output_file_id", "error_file_id"}) {
      const std::string_view file = text_at(batch, key);
      if (file.empty()) continue;
      if (!status.results.empty()) status.results += ' ';
      status.results += file;
    }
    if (const auto counts = member(batch, "request_counts")) {
      status.total = count_in(*counts, "total");
      status.done = count_in(*counts, "completed");
      status.failed = count_in(*counts, "failed");
    }
    take_errors(batch, status);
    status.refused = status.word == "failed" && status.results.empty();
    if (const auto metadata = member(batch, "metadata"))
      status.nonce = text_at(*metadata, kMetadata);
    status.input = text_at(batch, "input_file_id");
    if (const std::uint64_t created = count_in(batch, "created_at"); created > 0)
      status.created = core::WallTime(std::chrono::seconds(created));
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

std::unique_ptr<BatchApi> make_openai_batch(const EndpointSpec& endpoint,
                                            const BatchService& service) {
  return std::make_unique<OpenAiBatch>(endpoint, service);
}

}  // namespace sluice::codec
