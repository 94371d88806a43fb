// The one list of the calls about files and batches.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "wire/batch.h"
#include "wire/batch_lists.h"
#include "wire/wires.h"

namespace sluice::wire {
namespace {

using enum BatchAct;

bool is_azure(const http::ServerRequest& request) {
  return request.headers.find("api-key").has_value() ||
         query_value(request.target, "api-version").has_value();
}

bool is_mistral_client(const http::ServerRequest& request) {
  return request.headers.find("user-agent").value_or("").starts_with("mistral-client");
}

constexpr std::array kRoutes = {
    BatchRoute{"POST", "/v1/messages/batches", create, &kAnthropicBatch},
    BatchRoute{"GET", "/v1/messages/batches", list, &kAnthropicBatch},
    BatchRoute{"GET", "/v1/messages/batches/{}", show, &kAnthropicBatch},
    BatchRoute{"DELETE", "/v1/messages/batches/{}", remove, &kAnthropicBatch},
    BatchRoute{"POST", "/v1/messages/batches/{}/cancel", cancel, &kAnthropicBatch},
    BatchRoute{"GET", "/v1/messages/batches/{}/results", results, &kAnthropicBatch},

    BatchRoute{"POST", "/upload/v1beta/files", upload, &kGeminiBatch},
    BatchRoute{"GET", "/v1beta/files", file_list, &kGeminiBatch},
    BatchRoute{"GET", "/v1beta/files/{}:download", file_content, &kGeminiBatch},
    BatchRoute{"GET", "/download/v1beta/files/{}:download", file_content, &kGeminiBatch},
    BatchRoute{"GET", "/v1beta/files/{}", file_show, &kGeminiBatch},
    BatchRoute{"DELETE", "/v1beta/files/{}", file_remove, &kGeminiBatch},
    BatchRoute{"POST", "/v1beta/models/{}:batchGenerateContent", create, &kGeminiBatch},
    BatchRoute{"POST", "/v1beta/models/{}:asyncBatchEmbedContent", create, &kGeminiBatch},
    BatchRoute{"GET", "/v1beta/batches", list, &kGeminiBatch},
    BatchRoute{"GET", "/v1beta/batches/{}", show, &kGeminiBatch},
    BatchRoute{"DELETE", "/v1beta/batches/{}", remove, &kGeminiBatch},
    BatchRoute{"POST", "/v1beta/batches/{}:cancel", cancel, &kGeminiBatch},

    BatchRoute{"POST", "/v1/projects/{}/locations/{}/batchPredictionJobs", create, &kVertexBatch},
    BatchRoute{"GET", "/v1/projects/{}/locations/{}/batchPredictionJobs", list, &kVertexBatch},
    BatchRoute{"GET", "/v1/projects/{}/locations/{}/batchPredictionJobs/{}", show, &kVertexBatch},
    BatchRoute{"DELETE", "/v1/projects/{}/locations/{}/batchPredictionJobs/{}", remove,
               &kVertexBatch},
    BatchRoute{"POST", "/v1/projects/{}/locations/{}/batchPredictionJobs/{}:cancel", cancel,
               &kVertexBatch},

    BatchRoute{"POST", "/model-invocation-job", create, &kBedrockBatch},
    BatchRoute{"GET", "/model-invocation-jobs", list, &kBedrockBatch},
    BatchRoute{"GET", "/model-invocation-job/{}", show, &kBedrockBatch},
    BatchRoute{"POST", "/model-invocation-job/{}/stop", cancel, &kBedrockBatch},

    BatchRoute{"POST", "/v1/batch/jobs", create, &kMistralBatch},
    BatchRoute{"GET", "/v1/batch/jobs", list, &kMistralBatch},
    BatchRoute{"GET", "/v1/batch/jobs/{}", show, &kMistralBatch},
    BatchRoute{"DELETE", "/v1/batch/jobs/{}", remove, &kMistralBatch},
    BatchRoute{"POST", "/v1/batch/jobs/{}/cancel", cancel, &kMistralBatch},
    // Its client is known by its name: the store of files is one, but that client is strict about their form.
    BatchRoute{"POST", "/v1/files", upload, &kMistralBatch, is_mistral_client},
    BatchRoute{"GET", "/v1/files", file_list, &kMistralBatch, is_mistral_client},
    BatchRoute{"GET", "/v1/files/{}", file_show, &kMistralBatch, is_mistral_client},

    BatchRoute{"POST", "/v1/files", upload, &kOpenAiBatch},
    BatchRoute{"GET", "/v1/files", file_list, &kOpenAiBatch},
    BatchRoute{"GET", "/v1/files/{}", file_show, &kOpenAiBatch},
    BatchRoute{"DELETE", "/v1/files/{}", file_remove, &kOpenAiBatch},
    BatchRoute{"GET", "/v1/files/{}/content", file_content, &kOpenAiBatch},
    BatchRoute{"POST", "/v1/batches", create, &kOpenAiBatch},
    BatchRoute{"GET", "/v1/batches", list, &kOpenAiBatch},
    BatchRoute{"GET", "/v1/batches/{}", show, &kOpenAiBatch},
    BatchRoute{"POST", "/v1/batches/{}/cancel", cancel, &kOpenAiBatch},
};

// Prefixes under which OpenAI's calls are a service's own.
struct Prefix {
  std::string_view prefix;  // in place of "/v1"
  const BatchApi* api;
  bool (*takes)(const http::ServerRequest& request);
};
constexpr std::array kPrefixes = {Prefix{"/openai/v1", &kAzureBatch, is_azure},
                                  Prefix{"/openai/v1", &kGroqBatch, nullptr},
                                  Prefix{"/openai", &kAzureBatch, is_azure}};

// Google's paths as they are listed. Gemini's clients have "v1" or "v1beta" in them, and of the former some
// are OpenAI's too; Vertex AI's have "v1" or "v1beta1".
std::string google_path(std::string_view path, const http::ServerRequest& request) {
  std::string out(path);
  if (path.starts_with("/v1beta1/projects/")) out.erase(3, 5);
  if (!request.headers.find("x-goog-api-key")) return out;
  for (const std::string_view begins : {"/v1/", "/upload/v1/", "/download/v1/"}) {
    if (path.starts_with(begins)) out.insert(begins.size() - 1, "beta");
  }
  return out;
}

// Uploads may have other fields beside the file.
constexpr std::size_t kFormBytes = 1 << 20;

}  // namespace

std::optional<BatchCall> find_batch_call(const http::ServerRequest& request) {
  const std::string path = google_path(path_of(request), request);
  const auto among = [&](std::string_view where, const BatchApi* of) -> std::optional<BatchCall> {
    for (const BatchRoute& route : kRoutes) {
      if (route.method != request.method || (of && route.api != &kOpenAiBatch)) continue;
      if (route.takes && !route.takes(request)) continue;
      BatchCall call{.act = route.act, .api = of ? of : route.api};
      call.open = route.act == upload && query_value(request.target, "upload_id");
      if (path_fits(route.path, where, call.in_path)) return call;
    }
    return std::nullopt;
  };
  if (auto call = among(path, nullptr)) return call;
  for (const Prefix& one : kPrefixes) {
    if (!path.starts_with(one.prefix) || (one.takes && !one.takes(request))) continue;
    if (auto call = among("/v1" + path.substr(one.prefix.size()), one.api)) return call;
  }
  return std::nullopt;
}

std::optional<std::size_t> batch_body_limit(std::string_view method, std::string_view target) {
  if (method == "PUT") return kMistralFiles.most_bytes;  // an object
  if (method != "POST") return std::nullopt;
  const std::string_view path = target.substr(0, target.find('?'));
  // Whose it is stands in headers, which are not known here: the most that any takes.
  if (path.ends_with("/files")) return kMistralFiles.most_bytes + kFormBytes;
  for (const BatchRoute& route : kRoutes) {
    if (route.path == path && route.act == create && route.api->most_body > 0)
      return route.api->most_body;
  }
  return std::nullopt;
}

std::int64_t unix_seconds(core::WallTime at) {
  return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

std::size_t query_count(const http::ServerRequest& request, std::string_view name,
                        std::size_t otherwise, std::size_t most) {
  const std::string_view text = query_value(request.target, name).value_or("");
  std::size_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || number == 0)
    return otherwise;
  return std::min(number, most);
}

std::string path_segment(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '/' || c == '%' || c == '?') {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

void write_lines(core::JsonWriter& w, std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    w.raw(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
}

std::string label_in(const Element& metadata) {
  const std::string_view own = text_at(metadata, "sluice");
  if (!own.empty()) return std::string(own);
  const std::string all = simdjson::minify(metadata);
  return all == "{}" ? std::string() : all;
}

}  // namespace sluice::wire
