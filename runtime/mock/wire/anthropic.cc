// Anthropic's conventions (docs/providers.md, Errors, Rate headers).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/json.h"
#include "wire/date.h"
#include "wire/service.h"

namespace sluice::wire {
namespace {

std::string anthropic_wording(const Mistake& mistake) {
  switch (mistake.what) {
    case Mistake::What::unknown:
      return mistake.path + ": Extra inputs are not permitted";
    case Mistake::What::missing:
      return mistake.path + ": Field required";
    case Mistake::What::kind:
      return fmt::format("{}: Input should be {}", mistake.path, kinds_text(mistake.kinds));
    case Mistake::What::range:
      return fmt::format("{}: Input should be {} than or equal to {}", mistake.path,
                         mistake.too_small ? "greater" : "less", mistake.bound);
    case Mistake::What::length:
      return fmt::format("{}: List should have at {} {} item{}", mistake.path,
                         mistake.too_small ? "least" : "most", mistake.bound,
                         mistake.bound == 1 ? "" : "s");
    case Mistake::What::choice:
      return fmt::format("{}: Input should be {}", mistake.path, choices_text(mistake.choices));
  }
  return mistake.path;
}

http::ServerResponse anthropic_refuse(const Refusal& refusal) {
  const auto error = [&](int status, std::string_view type, std::string_view words) {
    const std::string id = fmt::format("req_{:016x}", refusal.id);
    std::string out;
    core::JsonWriter w(out);
    w.open('{');
    w.field("type", "error");
    w.key("error");
    w.open('{');
    w.field("type", type);
    w.field("message", refusal.message.empty() ? words : std::string_view(refusal.message));
    w.close('}');
    w.field("request_id", id);
    w.close('}');
    http::ServerResponse response = json_response(status, std::move(out));
    response.headers.emplace_back("request-id", id);
    return response;
  };
  switch (refusal.why) {
    case Why::bad_key:
    case Why::expired_token:
    case Why::bad_signature:
      return error(401, "authentication_error", "invalid x-api-key");
    case Why::unknown_path:
    case Why::not_found:
      return error(404, "not_found_error", "Not found");
    case Why::wrong_method:
      return error(405, "invalid_request_error", "Method not allowed");
    case Why::conflict:
      return error(400, "invalid_request_error", "The batch has ended.");
    case Why::rate_limit: {
      auto response = error(429, "rate_limit_error", rate_limit_text(refusal));
      if (!refusal.never) append_retry_after(refusal.wait, response.headers);
      return response;
    }
    case Why::capacity:
      return error(529, "overloaded_error", "Overloaded");
    case Why::server_error:
      return error(500, "api_error", "Internal server error");
    case Why::bad_request:
      break;
  }
  return error(400, "invalid_request_error",
               refusal.mistake ? anthropic_wording(*refusal.mistake) : "Bad request");
}

void anthropic_limits(const simulate::Limiter::Levels& levels, core::WallTime wall_now,
                      Headers& headers) {
  const auto append = [&](const std::optional<simulate::Limiter::Level>& level,
                          std::string_view kind, double rounded_to) {
    if (!level) return;
    const std::string name = fmt::format("anthropic-ratelimit-{}-", kind);
    const double left =
        std::min(level->limit, std::round(level->remaining / rounded_to) * rounded_to);
    headers.emplace_back(name + "limit", fmt::format("{:.0f}", level->limit));
    headers.emplace_back(name + "remaining", fmt::format("{:.0f}", std::floor(left)));
    headers.emplace_back(name + "reset", rfc3339(wall_now + level->reset));
  };
  append(levels.requests, "requests", 1);
  append(levels.tokens, "tokens", 1000);
}

Credential anthropic_credential(const http::ServerRequest& request) {
  const Credential bearer = authorization(request);
  const auto key = request.headers.find("x-api-key");
  if (!key) return bearer;
  if (bearer.kind != Credential::Kind::none) return {Credential::Kind::several, {}};
  return {Credential::Kind::key, *key};
}

// Either name leaves the standard tier to an account that has bought no other. The fast speed is asked for as a tier here.
std::string_view anthropic_tier(std::string_view asked) {
  return asked == "fast" ? "fast" : "standard";
}

}  // namespace

const Service kAnthropic = {.name = "anthropic",
                            .refuse = anthropic_refuse,
                            .limits = anthropic_limits,
                            .credential = anthropic_credential,
                            .tier = anthropic_tier};

}  // namespace sluice::wire
