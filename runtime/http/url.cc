#include "http/url.h"

#include <fmt/format.h>
#include <uv.h>

#include <algorithm>
#include <charconv>

namespace sluice::http {
namespace {

// The URL itself is not repeated when it carries a password.
std::unexpected<core::Error> bad(std::string_view why, std::string_view text) {
  const bool secret = text.find('@') != std::string_view::npos;
  return core::fail(core::ErrorCode::pipeline, secret ? fmt::format("base_url {}", why)
                                                      : fmt::format("base_url '{}' {}", text, why));
}

bool consume(std::string_view& text, std::string_view prefix) {
  if (text.size() < prefix.size()) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != prefix[i]) return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

bool host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

}  // namespace

std::string Url::authority() const {
  if (port != (tls ? 443 : 80)) return host_and_port();
  return is_ipv6() ? fmt::format("[{}]", host) : host;
}

std::string Url::host_and_port() const {
  return is_ipv6() ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

core::Result<Url> parse_url(std::string_view text) {
  Url url;
  std::string_view rest = text;
  if (consume(rest, "https://")) {
    url.tls = true;
  } else if (!consume(rest, "http://")) {
    return bad("must begin with http:// or https://", text);
  }
  if (std::any_of(rest.begin(), rest.end(),
                  [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; })) {
    return bad("holds a space or a control character", text);
  }
  const std::size_t path_at = rest.find_first_of("/?#");
  std::string_view authority = rest.substr(0, path_at);
  if (path_at != std::string_view::npos) url.path = rest.substr(path_at);
  if (authority.find('@') != std::string_view::npos) {
    return bad("must not hold a user name or password", text);
  }
  if (url.path.find_first_of("?#") != std::string::npos) {
    return bad("must not hold a query or a fragment", text);
  }
  while (url.path.ends_with('/')) url.path.pop_back();

  std::string_view port;
  bool has_port = false;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return bad("lacks the ']' of its IPv6 address", text);
    url.host = authority.substr(1, close - 1);
    sockaddr_in6 unused{};
    if (uv_ip6_addr(url.host.c_str(), 0, &unused) != 0) {
      return bad("has no IPv6 address between its brackets", text);
    }
    port = authority.substr(close + 1);
    has_port = port.starts_with(':');
    if (!has_port && !port.empty()) return bad("has something other than a port after ']'", text);
  } else {
    const std::size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    has_port = colon != std::string_view::npos;
    if (has_port && authority.find(':', colon + 1) != std::string_view::npos) {
      return bad("has an IPv6 address without brackets, or a second ':'", text);
    }
    if (has_port) port = authority.substr(colon);
  }
  std::transform(url.host.begin(), url.host.end(), url.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (url.host.empty()) return bad("has no host", text);
  if (!url.is_ipv6() && !std::all_of(url.host.begin(), url.host.end(), host_character)) {
    return bad("has a host that is no DNS name or address", text);
  }

  url.port = url.tls ? 443 : 80;
  if (has_port) {
    port.remove_prefix(1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || end != port.data() + port.size() || url.port == 0) {
      return bad("has a port that is not a number from 1 to 65535", text);
    }
  }
  return url;
}

}  // namespace sluice::http
