// Google's conventions (docs/providers.md, Errors, Waits).
#include "wire/google.h"

#include <fmt/format.h>

#include <array>

#include "core/json.h"
#include "wire/media.h"

namespace sluice::wire {
namespace {

std::string google_wording(const Mistake& mistake) {
  // "generation_config.max_output_tokens", as Google names places.
  const std::string path = snake_case(bracketed(mistake.path));
  const std::size_t dot = path.rfind('.');
  switch (mistake.what) {
    case Mistake::What::unknown:
      return fmt::format("Invalid JSON payload received. Unknown name \"{}\"{}: Cannot find field.",
                         mistake.path.substr(mistake.path.rfind('.') + 1),
                         dot == path.npos ? "" : fmt::format(" at '{}'", path.substr(0, dot)));
    case Mistake::What::missing:
      return fmt::format("* {}: is not specified\n", path);
    case Mistake::What::kind:
      return fmt::format("Invalid value at '{}' ({}), {}", path, kinds_text(mistake.kinds),
                         mistake.value);
    case Mistake::What::range:
      return fmt::format("Invalid value at '{}': {} must be {} {}.", path, mistake.value,
                         mistake.too_small ? "at least" : "at most", mistake.bound);
    case Mistake::What::length:
      return fmt::format("* {}: must have at {} {} entries\n", path,
                         mistake.too_small ? "least" : "most", mistake.bound);
    case Mistake::What::choice:
      return fmt::format("Invalid value at '{}', {}: it is one of {}", path, mistake.value,
                         choices_text(mistake.choices));
  }
  return path;
}

// `details`: JSON objects, with commas between.
http::ServerResponse google_error(int code, std::string_view status, std::string_view message,
                                  std::string_view details = {}) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.key("error");
  w.open('{');
  w.field("code", code);
  w.field("message", message);
  w.field("status", status);
  if (!details.empty()) {
    w.key("details");
    w.raw(fmt::format("[{}]", details));
  }
  w.close('}');
  w.close('}');
  return json_response(code, std::move(out));
}

std::string reason(std::string_view name) {
  return fmt::format(R"({{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"{}",)"
                     R"("domain":"googleapis.com"}})",
                     name);
}

http::ServerResponse google_rate_limit(const Refusal& refusal) {
  const bool tokens = refusal.kind == "tokens";
  std::string details = fmt::format(
      R"({{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{{"quotaMetric":)"
      R"("generativelanguage.googleapis.com/generate_content_{}","quotaId":"{}"}}]}})",
      tokens ? "input_token_count" : "requests",
      tokens ? "GenerateContentInputTokensPerModelPerMinute"
             : "GenerateRequestsPerMinutePerProjectPerModel");
  if (!refusal.never && refusal.wait > core::Duration::zero()) {
    details += fmt::format(R"(,{{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":)"
                           R"("{}s"}})",
                           static_cast<double>(refusal.wait.count()) / 1e9);
  }
  return google_error(429, "RESOURCE_EXHAUSTED", rate_limit_text(refusal), details);
}

// What the two differ in: a wrong key is a bad request at Gemini's.
http::ServerResponse google_refuse(const Refusal& refusal, bool vertex) {
  const auto words = [&](std::string_view own) {
    return refusal.message.empty() ? own : std::string_view(refusal.message);
  };
  constexpr std::string_view kInvalidToken =
      "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie "
      "or other valid authentication credential.";
  switch (refusal.why) {
    case Why::bad_key:
      if (vertex) return google_error(401, "UNAUTHENTICATED", words(kInvalidToken));
      return google_error(400, "INVALID_ARGUMENT",
                          words("API key not valid. Please pass a valid API key."),
                          reason("API_KEY_INVALID"));
    case Why::expired_token:
    case Why::bad_signature:
      return google_error(401, "UNAUTHENTICATED", words(kInvalidToken),
                          reason("ACCESS_TOKEN_EXPIRED"));
    case Why::unknown_path:
    case Why::not_found:
    case Why::wrong_method:
      return google_error(404, "NOT_FOUND", words("Requested entity was not found."));
    case Why::conflict:
      return google_error(400, "FAILED_PRECONDITION", words("The operation is over."));
    case Why::rate_limit:
      return google_rate_limit(refusal);
    case Why::capacity:
      return google_error(503, "UNAVAILABLE",
                          words("The model is overloaded. Please try again later."));
    case Why::server_error:
      return google_error(500, "INTERNAL", words("An internal error has occurred."));
    case Why::bad_request:
      break;
  }
  return google_error(400, "INVALID_ARGUMENT",
                      refusal.mistake ? google_wording(*refusal.mistake) : words("Bad request."));
}

http::ServerResponse gemini_refuse(const Refusal& refusal) {
  return google_refuse(refusal, false);
}

http::ServerResponse vertex_refuse(const Refusal& refusal) {
  return google_refuse(refusal, true);
}

Credential google_credential(const http::ServerRequest& request) {
  if (const auto key = request.headers.find("x-goog-api-key")) return {Credential::Kind::key, *key};
  if (const auto key = query_value(request.target, "key")) return {Credential::Kind::key, *key};
  return authorization(request);
}

std::string_view google_tier(std::string_view asked) {
  return asked.empty() || asked == "unspecified" ? "standard" : asked;
}

constexpr std::array kInlineDataFields = {
    Field{.name = "mimeType", .kinds = kString, .required = true},
    Field{.name = "data", .kinds = kString, .required = true},
    Field{.name = "displayName", .kinds = kString}};
const Fields kInlineData = {.list = kInlineDataFields, .snake = true};
constexpr std::array kFileDataFields = {
    Field{.name = "mimeType", .kinds = kString},
    Field{.name = "fileUri", .kinds = kString, .required = true},
    Field{.name = "displayName", .kinds = kString}};
const Fields kFileData = {.list = kFileDataFields, .snake = true};

constexpr std::array kPartOfContent = {
    Field{.name = "text", .kinds = kString},
    Field{.name = "thought", .kinds = kBoolean},
    Field{.name = "thoughtSignature", .kinds = kString},
    Field{.name = "inlineData", .kinds = kObject, .inside = &kInlineData},
    Field{.name = "fileData", .kinds = kObject, .inside = &kFileData},
    Field{.name = "videoMetadata", .kinds = kObject},
    Field{.name = "mediaResolution", .kinds = kObject | kString},
    Field{.name = "functionCall", .kinds = kObject},
    Field{.name = "functionResponse", .kinds = kObject},
    Field{.name = "executableCode", .kinds = kObject},
    Field{.name = "codeExecutionResult", .kinds = kObject},
    Field{.name = "toolCall", .kinds = kObject},
    Field{.name = "toolResponse", .kinds = kObject},
    Field{.name = "partMetadata", .kinds = kObject}};
const Fields kGooglePart = {.list = kPartOfContent, .snake = true};

constexpr std::array kFieldsOfContent = {
    Field{.name = "role", .kinds = kString, .choices = "user|model|system|function"},
    Field{.name = "parts", .kinds = kArray, .required = true, .inside = &kGooglePart, .least = 1}};

}  // namespace

const Fields kGoogleContent = {.list = kFieldsOfContent, .snake = true};

const Service kGemini = {.name = "gemini",
                         .refuse = gemini_refuse,
                         .credential = google_credential,
                         .tier = google_tier};

const Service kVertex = {.name = "vertex",
                         .refuse = vertex_refuse,
                         .credential = google_credential,
                         .tier = google_tier};

std::optional<Element> google_member(const Element& object, std::string_view camel) {
  Element found;
  if (object[camel].get(found) == simdjson::SUCCESS) return found;
  if (object[snake_case(camel)].get(found) == simdjson::SUCCESS) return found;
  return std::nullopt;
}

std::string_view google_text(const Element& object, std::string_view camel) {
  const auto found = google_member(object, camel);
  std::string_view text;
  if (!found || found->get(text) != simdjson::SUCCESS) return {};
  return text;
}

std::string google_content(const Element& content) {
  Element parts;
  if (content["parts"].get(parts) != simdjson::SUCCESS) return {};
  return text_of(parts);
}

std::expected<void, Refusal> google_media(const Element& content, Asked& asked) {
  simdjson::dom::array parts;
  if (content["parts"].get(parts) != simdjson::SUCCESS) return {};
  for (const Element part : parts) {
    std::expected<void, Refusal> added;
    if (const auto inside = google_member(part, "inlineData")) {
      const std::string_view media = google_text(*inside, "mimeType");
      if (media == "image/gif") return bad_request(fmt::format("Unsupported MIME type: {}", media));
      added = add_media(asked, media, google_text(*inside, "data"));
    } else if (const auto file = google_member(part, "fileData")) {
      if (google_text(*file, "mimeType").empty())
        return bad_request("Unsupported MIME type: a fileData must say its own.");
      added = add_media_url(asked, google_text(*file, "fileUri"), "file_uri");
    }
    if (!added) return added;
  }
  return {};
}

}  // namespace sluice::wire
