#include "codec/gemini_batch.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "codec/batch_wire.h"
#include "codec/registry.h"
#include "core/json.h"
#include "provider/url_text.h"

namespace sluice::codec {

using namespace provider;

namespace {

constexpr std::string_view kGeminiEnded[] = {"succeeded", "failed", "cancelled", "expired",
                                             "partially_succeeded"};
constexpr std::string_view kOnline = ":generateContent";
constexpr std::string_view kFiles = "files/";
constexpr std::string_view kBatches = "batches/";
constexpr std::string_view kMedia = "application/jsonl";

// "https://host/upload/v1beta/files" of "https://host/v1beta".
std::string upload_url(std::string_view base_url) {
  const std::size_t origin = origin_of(base_url).size();
  const std::size_t slash = base_url.rfind('/');
  const std::size_t version = slash == base_url.npos || slash < origin ? base_url.size() : slash;
  return fmt::format("{}/upload{}/files", base_url.substr(0, version), base_url.substr(version));
}

class GeminiBatch final : public BatchApi {
 public:
  GeminiBatch(const EndpointSpec& endpoint, std::string model_path, const BatchService& service)
      : service_(service),
        origin_(origin_of(endpoint.base_url)),
        upload_url_(upload_url(endpoint.base_url)),
        create_path_(std::move(model_path) + ":batchGenerateContent") {}

  BatchLimits limits() const override { return service_.limits; }

  std::string item(std::string_view custom_id, std::string_view body) const override {
    return fmt::format(R"({{"key":"{}","request":{}}})", custom_id, body);
  }

  int uploads() const override { return 2; }
  BatchCall upload(const BatchJob& job, int number) const override {
    if (number > 0)
      return {
          .method = "POST",
          .path = job.input,
          .headers = {{"X-Goog-Upload-Offset", "0"}, {"X-Goog-Upload-Command", "upload, finalize"}},
          .body = {.file = true}};
    BatchCall call =
        json_call(upload_url_, fmt::format(R"({{"file":{{"displayName":"{}{}","mimeType":"{}"}}}})",
                                           kBatchPrefix, job.nonce, kMedia));
    call.headers.emplace_back("X-Goog-Upload-Protocol", "resumable");
    call.headers.emplace_back("X-Goog-Upload-Command", "start");
    call.headers.emplace_back("X-Goog-Upload-Header-Content-Length", fmt::format("{}", job.bytes));
    call.headers.emplace_back("X-Goog-Upload-Header-Content-Type", kMedia);
    return call;
  }
  core::Result<std::string> uploaded(const BatchJob& /*job*/, int number,
                                     const BatchReply& reply) const override {
    if (number == 0) return session_of(reply);
    const auto body = parse_batch_reply(reply.body);
    if (!body) return std::unexpected(body.error());
    const auto file = member(*body, "file");
    const std::string_view name = file ? text_at(*file, "name") : std::string_view();
    if (!name.starts_with(kFiles)) return unreadable_batch("it names no file");
    return std::string(name);
  }

  BatchCall create(const BatchJob& job) const override {
    std::string body;
    core::JsonWriter w(body);
    w.open('{');
    w.key("batch");
    w.open('{');
    w.field("displayName", job.nonce);
    w.key("inputConfig");
    w.open('{');
    w.field("fileName", job.input);
    for (int i = 0; i < 3; ++i) w.close('}');
    return json_call(create_path_, std::move(body));
  }
  BatchCall poll(const BatchJob& job) const override { return {.path = "/" + path_text(job.id)}; }
  core::Result<BatchStatus> status(const BatchReply& reply) const override {
    const auto operation = parse_batch_reply(reply.body);
    if (!operation) return std::unexpected(operation.error());
    BatchStatus status = status_of(*operation);
    if (!status.id.starts_with(kBatches)) return unreadable_batch("it names no batch");
    return status;
  }

  BatchCall list(const BatchJob& /*job*/, std::string_view next) const override {
    std::string path = "/batches?pageSize=100";
    if (!next.empty()) path += "&pageToken=" + segment_text(next);
    return {.path = std::move(path)};
  }
  core::Result<BatchPage> page(const BatchReply& reply) const override {
    const auto list = parse_batch_reply(reply.body);
    if (!list) return std::unexpected(list.error());
    if (!list->is_object()) return unreadable_batch("it is not a list of batches");
    BatchPage page;
    simdjson::dom::array operations;
    const auto found = member(*list, "operations");  // absent where there are none
    if (found && found->get(operations) != simdjson::SUCCESS)
      return unreadable_batch("it is not a list of batches");
    if (found)
      for (const Element operation : operations) {
        page.batches.push_back(status_of(operation));
        page.batches.back().created.reset();  // that the list begins with the latest: unconfirmed
      }
    page.next = text_at(*list, "nextPageToken");
    return page;
  }

  BatchCall cancel(const BatchJob& job) const override {
    return {.method = "POST", .path = "/" + path_text(job.id) + ":cancel"};
  }

  std::vector<BatchCall> downloads(const BatchJob& job) const override {
    if (job.results.empty()) return {};
    return {{.path = "/" + path_text(job.results) + ":download?alt=media"}};
  }

  core::Result<BatchLine> line(std::string_view text) const override {
    const auto line = parse_batch_line(text);
    if (!line) return std::unexpected(line.error());
    BatchLine out;
    out.custom_id = text_at(*line, "key");
    if (out.custom_id.empty()) return core::fail(core::ErrorCode::io, "it has no key");
    if (const auto response = member(*line, "response")) {
      out.body = simdjson::minify(*response);
      return out;
    }
    if (const auto error = member(*line, "error")) {
      take_google_error(*error, out);
      return out;
    }
    out.kind = BatchLine::Kind::failed;
    out.problem = "neither a response nor an error";
    return out;
  }

  std::vector<BatchCall> clean_up(const BatchJob& job) const override {
    std::vector<BatchCall> calls;
    // Before the file is whole, `input` is the address that it goes to.
    for (const std::string& name : {job.input, job.results, job.id})
      if (name.starts_with(kFiles) || name.starts_with(kBatches))
        calls.push_back({.method = "DELETE", .path = "/" + path_text(name)});
    return calls;
  }

 private:
  core::Result<std::string> session_of(const BatchReply& reply) const {
    for (const auto& [name, value] : reply.headers) {
      if (name != "x-goog-upload-url") continue;
      // The file and the key go there.
      const auto plain = [](char c) { return c > ' ' && c < '\x7f'; };
      if (origin_.empty() || origin_of(value) != origin_ ||
          !value.substr(origin_.size()).starts_with('/') || !std::ranges::all_of(value, plain))
        return unreadable_batch("it names an address to upload to that is not of base_url's host");
      return std::string(value);
    }
    return unreadable_batch("it names no address to upload to (x-goog-upload-url)");
  }

  static BatchStatus status_of(const Element& operation) {
    BatchStatus status;
    status.id = text_at(operation, "name");
    // What describes the batch stands in the operation's metadata.
    const Element batch = member(operation, "metadata").value_or(operation);
    std::string_view state = text_at(batch, "state");
    for (const std::string_view prefix : {"BATCH_STATE_", "JOB_STATE_"})
      if (state.starts_with(prefix)) state.remove_prefix(prefix.size());
    status.word = lower_case(state);
    bool done = false;
    std::ignore = operation["done"].get(done);
    status.ended = done || std::ranges::find(kGeminiEnded, status.word) != std::end(kGeminiEnded);
    for (const auto& output : {member(batch, "output"), member(operation, "response")}) {
      const std::string_view file = output ? text_at(*output, "responsesFile") : std::string_view();
      if (status.results.empty() && file.starts_with(kFiles)) status.results = file;
    }
    if (const auto counts = member(batch, "batchStats")) {
      status.total = batch_count(*counts, "requestCount");
      status.done = batch_count(*counts, "successfulRequestCount");
      status.failed = batch_count(*counts, "failedRequestCount");
    }
    constexpr std::uint64_t kResourceExhausted = 8;
    if (const auto error = member(operation, "error")) {
      status.problem = text_at(*error, "message");
      const std::uint64_t code = batch_count(*error, "code");
      status.no_room = code == kResourceExhausted || code == 429;
    }
    status.refused = status.word == "failed" && status.results.empty() && status.done == 0;
    status.nonce = text_at(batch, "displayName");
    if (const auto input = member(batch, "inputConfig")) status.input = text_at(*input, "fileName");
    status.created = batch_instant(batch, "createTime");
    return status;
  }

  const BatchService& service_;
  std::string origin_;
  std::string upload_url_;
  std::string create_path_;
};

}  // namespace

std::unique_ptr<BatchApi> make_gemini_batch(const EndpointSpec& endpoint,
                                            const BatchService& service) {
  std::string path(make_codec(endpoint)->path());
  if (!path.ends_with(kOnline)) return nullptr;
  path.resize(path.size() - kOnline.size());
  return std::make_unique<GeminiBatch>(endpoint, std::move(path), service);
}

}  // namespace sluice::codec
