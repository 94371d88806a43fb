#include "notify/webhook.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "auth/hmac.h"
#include "core/base64.h"
#include "core/json.h"
#include "http/proxy_environment.h"
#include "http/url.h"
#include "provider/retry_after.h"

namespace sluice::notify {
namespace {

constexpr std::string_view kSecretMark = "whsec_";

bool may_stand_in_target(char c) {
  return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7F;
}

}  // namespace

core::Result<Address> parse_address(std::string_view text) {
  // Not what is wrong with it, in which it would stand.
  const auto bad = core::fail(core::ErrorCode::pipeline,
                              "must be an address: https://HOST/PATH, without a user name");
  const std::size_t mark = text.find("://");
  if (mark == text.npos) return bad;
  const std::size_t path = std::min(text.find_first_of("/?#", mark + 3), text.size());
  const auto url = http::parse_url(text.substr(0, path));
  if (!url) return bad;
  Address address;
  address.origin = fmt::format("{}://{}", url->tls ? "https" : "http", url->authority());
  address.target = std::string(text.substr(path, text.find('#', path) - path));
  if (!address.target.starts_with('/')) address.target.insert(0, "/");
  if (!std::ranges::all_of(address.target, may_stand_in_target)) return bad;
  address.in_clear = !url->tls && !http::is_this_machine(*url);
  return address;
}

core::Result<std::string> signing_key(const core::Secret& secret) {
  const std::string_view text = secret.reveal();
  if (!text.starts_with(kSecretMark)) return std::string(text);
  auto key = core::read_base64(text.substr(kSecretMark.size()));
  if (!key || key->empty())
    return core::fail(core::ErrorCode::pipeline,
                      "begins with whsec_, and what follows is not base64");
  return std::move(*key);
}

std::string signature_of(std::string_view key, const Message& message, std::int64_t unix_seconds) {
  const std::string text = fmt::format("{}.{}.{}", message.id, unix_seconds, message.body);
  const auto digest = auth::hmac_sha256(key, text);
  std::string signature = "v1,";
  core::append_base64(signature, auth::bytes_of(digest));
  return signature;
}

std::string header_lines(const Webhook& webhook, const Message& message, core::WallTime now) {
  const std::int64_t seconds =
      std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  std::string lines =
      fmt::format("content-type: application/json\r\nwebhook-id: {}\r\nwebhook-timestamp: {}\r\n",
                  message.id, seconds);
  if (!webhook.key.empty())
    lines += fmt::format("webhook-signature: {}\r\n", signature_of(webhook.key, message, seconds));
  return lines;
}

std::string payload(std::string_view type, core::WallTime time, std::string_view data) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("type", type);
  w.field("timestamp", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                                   fmt::gmtime(std::chrono::system_clock::to_time_t(second))));
  w.key("data");
  w.raw(data);
  w.close('}');
  return out;
}

bool is_passing(int status) {
  return status == 408 || status == 429 || status >= 500;
}

std::optional<core::Duration> asked_wait(std::string_view retry_after, core::WallTime now) {
  if (const auto wait = provider::read_count_of(retry_after, std::chrono::seconds(1))) return wait;
  return provider::read_http_date(retry_after, now);
}

std::optional<core::Duration> next_delay(const Patience& patience, int attempts,
                                         core::Duration elapsed,
                                         std::optional<core::Duration> asked) {
  if (attempts >= patience.attempts) return std::nullopt;
  core::Duration delay = patience.first_delay * (1 << std::clamp(attempts - 1, 0, 20));
  if (asked) delay = std::max(delay, std::min(*asked, patience.most_asked));
  if (elapsed + delay >= patience.whole) return std::nullopt;
  return delay;
}

}  // namespace sluice::notify
