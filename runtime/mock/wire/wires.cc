#include "wire/wires.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "wire/calls.h"

namespace sluice::wire {

std::string_view path_of(const http::ServerRequest& request) {
  const std::string_view target = request.target;
  return target.substr(0, target.find('?'));
}

namespace {

// More particular ones first: OpenAI's takes whatever has its path.
constexpr std::array kWires = {&kAnthropicMessages,
                               &kAnthropicModels,
                               &kGeminiGenerate,
                               &kGeminiStream,
                               &kGeminiEmbed,
                               &kGeminiBatchEmbed,
                               &kGeminiModels,
                               &kVertexGenerate,
                               &kVertexStream,
                               &kVertexPredict,
                               &kVertexRawPredict,
                               &kBedrockConverse,
                               &kAzureDeploymentChat,
                               &kAzureDeploymentEmbeddings,
                               &kAzureChat,
                               &kAzureEmbeddings,
                               &kMistralChat,
                               &kMistralEmbeddings,
                               &kGroqChat,
                               &kOpenAiChat,
                               &kOpenAiResponses,
                               &kOpenAiEmbeddings,
                               &kOpenAiModels};

// Whose errors a path gets that no call has.
struct Family {
  std::string_view prefix;
  const Service* service;
};
constexpr std::array kFamilies = {Family{"", &kOpenAi},
                                  Family{"/v1/messages", &kAnthropic},
                                  Family{"/v1beta/", &kGemini},
                                  Family{"/v1/models/", &kGemini},
                                  Family{"/v1beta1/", &kVertex},
                                  Family{"/v1/projects/", &kVertex},
                                  Family{"/v1/publishers/", &kVertex},
                                  Family{"/model/", &kBedrock},
                                  Family{"/model-invocation-job", &kBedrock},
                                  Family{"/openai/deployments/", &kAzure}};

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '%' && i + 2 < text.size() && digit_of(text[i + 1]) >= 0 &&
                         digit_of(text[i + 2]) >= 0;
    if (escaped) {
      out += static_cast<char>(digit_of(text[i + 1]) * 16 + digit_of(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool path_fits(std::string_view pattern, std::string_view path, std::vector<std::string>& in_path) {
  while (!pattern.empty()) {
    const std::size_t brace = pattern.find("{}");
    const std::string_view fixed = pattern.substr(0, brace);
    if (!path.starts_with(fixed)) return false;
    path.remove_prefix(fixed.size());
    if (brace == pattern.npos) return path.empty();
    pattern.remove_prefix(brace + 2);
    const std::string_view segment = path.substr(0, path.find('/'));
    // What follows the braces in this segment, as ":generateContent".
    const std::string_view rest = pattern.substr(0, pattern.find('/'));
    if (segment.size() <= rest.size() || !segment.ends_with(rest)) return false;
    const std::string_view value = segment.substr(0, segment.size() - rest.size());
    in_path.push_back(decoded(value));
    path.remove_prefix(value.size());
  }
  return path.empty();
}

namespace {

struct Candidate {
  const Wire* wire;
  std::vector<std::string> in_path;
};

std::vector<Candidate> with_path(std::string_view path) {
  std::vector<Candidate> found;
  for (const Wire* wire : kWires) {
    for (const std::string_view pattern : wire->paths) {
      std::vector<std::string> in_path;
      if (path_fits(pattern, path, in_path)) found.push_back({wire, std::move(in_path)});
    }
  }
  return found;
}

}  // namespace

std::span<const Wire* const> wires() {
  return kWires;
}

std::expected<Reader::Found, Refused> Reader::find(const http::ServerRequest& request) {
  std::vector<Candidate> candidates = with_path(path_of(request));
  const auto refused = [&](Why why, std::string message) {
    Refused out{&service_of(request), {}};
    out.refusal.why = why;
    out.refusal.message = std::move(message);
    return std::unexpected(std::move(out));
  };
  if (candidates.empty()) {
    return refused(Why::unknown_path,
                   fmt::format("Unknown request URL: {} {}", request.method, path_of(request)));
  }
  const std::string_view wanted = candidates.front().wire->method;
  std::erase_if(candidates,
                [&](const Candidate& one) { return one.wire->method != request.method; });
  if (candidates.empty()) {
    return refused(Why::wrong_method, fmt::format("{} {} is not a call: the method is {}.",
                                                  request.method, path_of(request), wanted));
  }
  Found found;
  if (request.method != "GET" &&
      parser_.parse(request.body.data(), request.body.size()).get(found.body) !=
          simdjson::SUCCESS) {
    return refused(Why::bad_request, "The body is not JSON.");
  }
  for (Candidate& one : candidates) {
    Request view{request, found.body, std::move(one.in_path)};
    if (one.wire->takes && !one.wire->takes(view)) continue;
    found.wire = one.wire;
    found.in_path = std::move(view.in_path);
    return found;
  }
  return refused(Why::unknown_path,
                 fmt::format("Unknown request URL: {} {}", request.method, path_of(request)));
}

std::expected<Asked, Refusal> Reader::read(const Found& found, const http::ServerRequest& request) {
  if (found.wire->fields) {
    if (auto mistake = mistake_in(found.body, *found.wire->fields)) {
      Refusal refusal;
      refusal.mistake = std::move(*mistake);
      return std::unexpected(std::move(refusal));
    }
  }
  return found.wire->read({request, found.body, found.in_path});
}

const Service& service_of(const http::ServerRequest& request) {
  const std::vector<Candidate> candidates = with_path(path_of(request));
  for (const Candidate& one : candidates) {
    // One that tells itself apart by the body cannot be asked here.
    if (!one.wire->takes) return one.wire->service;
  }
  const Service* service = &kOpenAi;
  std::size_t longest = 0;
  for (const Family& family : kFamilies) {
    if (family.prefix.size() < longest || !path_of(request).starts_with(family.prefix)) continue;
    longest = family.prefix.size();
    service = family.service;
  }
  return *service;
}

}  // namespace sluice::wire
