#include "auth/oauth.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/json.h"
#include "provider/failure.h"
#include "provider/retry_after.h"
#include "provider/url_text.h"
#include "provider/wire_json.h"

namespace sluice::auth {
namespace {

using provider::Element;
using provider::text_at;

// Errors that pass (docs/providers.md, Tokens).
constexpr std::array<std::string_view, 3> kPassing = {"internal_failure", "server_error",
                                                      "temporarily_unavailable"};
constexpr std::int64_t kLongestLife = 366L * 24 * 3600;  // seconds

bool passes(std::string_view name) {
  return std::ranges::find(kPassing, name) != kPassing.end();
}

// Seconds, as a number or as text.
core::WallTime expiry_of(const Element& reply, core::WallTime now) {
  const auto found = provider::member(reply, "expires_in");
  if (!found) return core::WallTime::max();
  double seconds = 0;
  if (found->get(seconds) != simdjson::SUCCESS)
    seconds = provider::read_number(provider::text_of(found)).value_or(0);
  const auto whole =
      static_cast<std::int64_t>(std::clamp(seconds, 0.0, static_cast<double>(kLongestLife)));
  return now + std::chrono::seconds(whole);
}

// "10 min ahead of"; nullopt where it is right, or not known.
std::optional<std::string> clock_error(std::string_view date, core::WallTime now) {
  const auto theirs = provider::read_http_instant(date);
  if (!theirs) return std::nullopt;
  const core::Duration ahead = now - *theirs;
  if (ahead <= kClockSlack && ahead >= -kClockSlack) return std::nullopt;
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(ahead).count();
  return fmt::format("{} min {}", std::abs(minutes), minutes > 0 ? "ahead of" : "behind");
}

TokenFailure failure_of(const TokenServer& server, bool final, std::string what) {
  std::string message = fmt::format("no access token from {}: {}", server.name, what);
  if (final && !server.advice.empty()) message += "; " + server.advice;
  message = provider::safe_message(message, core::Secret());
  for (const core::Secret& secret : server.secrets)
    message = provider::safe_message(message, secret);
  return {final, std::move(message)};
}

// "HTTP 400 (invalid_grant): Invalid JWT Signature."
std::string described(int status, std::string_view name, std::string_view words) {
  std::string text = fmt::format("HTTP {}", status);
  if (!name.empty()) text += fmt::format(" ({})", name);
  if (!words.empty()) text.append(": ").append(words);
  return text;
}

}  // namespace

std::string server_name(std::string_view base_url) {
  const std::size_t scheme = base_url.find("://");
  return std::string(scheme == base_url.npos ? base_url : base_url.substr(scheme + 3));
}

TokenCall form_call(std::string base_url, std::string path,
                    std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  TokenCall call{.method = "POST",
                 .base_url = std::move(base_url),
                 .path = std::move(path),
                 .headers = {{"content-type", "application/x-www-form-urlencoded"},
                             {"accept", "application/json"}},
                 .body = {}};
  for (const auto& [name, value] : fields) {
    if (!call.body.empty()) call.body += '&';
    call.body.append(name).append("=").append(provider::segment_text(value));
  }
  return call;
}

TokenStep read_token(const TokenServer& server, int status, std::string_view body,
                     std::string_view date, core::WallTime now) {
  thread_local simdjson::dom::parser parser;
  Element reply;
  const bool json =
      core::not_starved(parser.parse(body.data(), body.size())).get(reply) == simdjson::SUCCESS &&
      reply.is_object();
  if (status == 200) {
    const std::string_view value = json ? text_at(reply, "access_token") : std::string_view();
    if (value.empty() || core::wrong_with_secret(value))
      return failure_of(server, false, "HTTP 200, but there is no access token in the answer");
    return Token{.value = core::Secret(std::string(value)),
                 .key_id = {},
                 .session = {},
                 .expires = expiry_of(reply, now)};
  }
  const std::string_view name = json ? text_at(reply, "error") : std::string_view();
  std::string_view words = json ? text_at(reply, "error_description") : std::string_view();
  const bool passing = status == 408 || status == 429 || status >= 500 || status < 400 ||
                       passes(name) || passes(words);
  if (name == "invalid_grant") {
    if (const auto off = clock_error(date, now))
      return failure_of(server, true,
                        fmt::format("this machine's clock is {} that server's: set it right, for "
                                    "example by `timedatectl set-ntp true` ({})",
                                    *off, described(status, name, "")));
  }
  if (json && name.empty())
    if (const auto error = provider::error_in(reply)) words = error->message;
  return failure_of(server, !passing, described(status, name, words));
}

}  // namespace sluice::auth
