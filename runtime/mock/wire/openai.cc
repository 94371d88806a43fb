// OpenAI's conventions (docs/providers.md, Errors, Rate headers).
#include "wire/openai.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/json.h"
#include "wire/schema_rules.h"

namespace sluice::wire {
namespace {

http::ServerResponse openai_error_response(const Refusal& refusal) {
  const auto error = [&](int status, std::string_view type, std::string_view code,
                         std::string_view words) {
    return json_response(
        status, openai_error(refusal.message.empty() ? words : std::string_view(refusal.message),
                             type, refusal.field, refusal.code.empty() ? code : refusal.code));
  };
  constexpr std::string_view kInvalid = "invalid_request_error";
  switch (refusal.why) {
    case Why::bad_key:
      return error(401, kInvalid, "invalid_api_key", "Incorrect API key provided.");
    case Why::expired_token:
    case Why::bad_signature:
      return error(401, kInvalid, "invalid_api_key", "The token has expired.");
    case Why::unknown_path:
      return error(404, kInvalid, "unknown_url", "Unknown request URL.");
    case Why::wrong_method:
      return error(405, kInvalid, "method_not_supported", "Method not allowed.");
    case Why::not_found:
      return error(404, kInvalid, "not_found", "Not found.");
    case Why::conflict:
      return error(409, kInvalid, "conflict", "It is over already.");
    case Why::rate_limit: {
      auto response = json_response(
          429, openai_error(rate_limit_text(refusal), refusal.kind, "", "rate_limit_exceeded"));
      if (!refusal.never && refusal.wait > core::Duration::zero()) {
        append_retry_after(refusal.wait, response.headers);
        const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(refusal.wait);
        response.headers.emplace_back("retry-after-ms", std::to_string(milliseconds.count()));
      }
      return response;
    }
    case Why::capacity:
      return error(429, "rate_limit_error", "resource_unavailable", "Resource unavailable.");
    case Why::server_error:
      return error(500, "server_error", "", "The server had an error.");
    case Why::bad_request:
      break;
  }
  if (refusal.mistake) {
    const Wording wording = openai_wording(*refusal.mistake);
    return json_response(400, openai_error(wording.message, kInvalid, wording.field, wording.code));
  }
  return error(400, kInvalid, "", "Bad request.");
}

http::ServerResponse openai_refuse(const Refusal& refusal) {
  http::ServerResponse response = openai_error_response(refusal);
  response.headers.emplace_back("x-request-id", fmt::format("req_{:016x}", refusal.id));
  return response;
}

void openai_limits(const simulate::Limiter::Levels& levels, core::WallTime, Headers& headers) {
  simulate::append_headers(levels, headers);
}

// "fast" is reported as "priority" (docs/providers.md, Chat completions).
std::string_view openai_tier(std::string_view asked) {
  if (asked == "auto") return "default";
  return asked == "fast" ? "priority" : asked;
}

}  // namespace

const Service kOpenAi = {.name = "openai",
                         .refuse = openai_refuse,
                         .limits = openai_limits,
                         .credential = authorization,
                         .tier = openai_tier};

std::string openai_error(std::string_view message, std::string_view type, std::string_view field,
                         std::string_view code) {
  std::string out;
  core::JsonWriter w(out);
  const auto text_or_null = [&](std::string_view name, std::string_view text) {
    w.key(name);
    if (text.empty()) {
      w.null();
    } else {
      w.value(text);
    }
  };
  w.open('{');
  w.key("error");
  w.open('{');
  w.field("message", message);
  text_or_null("type", type);
  text_or_null("param", field);
  text_or_null("code", code);
  w.close('}');
  w.close('}');
  return out;
}

Wording openai_wording(const Mistake& mistake) {
  Wording words;
  words.field = bracketed(mistake.path);
  switch (mistake.what) {
    case Mistake::What::unknown:
      words.message = fmt::format("Unknown parameter: '{}'.", words.field);
      words.code = "unknown_parameter";
      break;
    case Mistake::What::missing:
      words.message = fmt::format("Missing required parameter: '{}'.", words.field);
      words.code = "missing_required_parameter";
      break;
    case Mistake::What::kind:
      words.message = fmt::format("Invalid type for '{}': expected {}, but got {} instead.",
                                  words.field, kinds_text(mistake.kinds), kinds_text(mistake.got));
      words.code = "invalid_type";
      break;
    case Mistake::What::range:
      words.message =
          fmt::format("Invalid '{}': {} value. Expected a value {} {}, but got {} instead.",
                      words.field, mistake.too_small ? "below minimum" : "above maximum",
                      mistake.too_small ? ">=" : "<=", mistake.bound, mistake.value);
      words.code = mistake.too_small ? "integer_below_min_value" : "integer_above_max_value";
      break;
    case Mistake::What::length:
      words.message =
          fmt::format("Invalid '{}': array too {}. Expected an array with {} length {}.",
                      words.field, mistake.too_small ? "short" : "long",
                      mistake.too_small ? "minimum" : "maximum", mistake.bound);
      words.code = mistake.too_small ? "empty_array" : "array_above_max_length";
      break;
    case Mistake::What::choice:
      words.message = fmt::format("Invalid value: {}. Supported values are: {}.", mistake.value,
                                  choices_text(mistake.choices, ", and "));
      words.code = "invalid_value";
      break;
  }
  return words;
}

std::optional<std::string> openai_schema_mistake(const Element& schema, std::string_view name) {
  const auto mistake = schema_mistake(schema, {.closed_objects = true, .all_required = true});
  if (!mistake) return std::nullopt;
  std::string context;
  std::string_view path = mistake->path;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('.'), path.size());
    context += fmt::format("{}'{}'", context.empty() ? "" : ", ", path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  const std::string demand =
      mistake->keyword == "required"
          ? fmt::format(
                "'required' is required to be supplied and to be an array including every "
                "key in properties. Missing '{}'",
                mistake->missing)
          : std::string("'additionalProperties' is required to be supplied and to be false");
  return fmt::format("Invalid schema for response_format '{}': In context=({}), {}.", name, context,
                     demand);
}

}  // namespace sluice::wire
