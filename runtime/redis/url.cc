#include "redis/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace sluice::redis {
namespace {

constexpr std::string_view kForms =
    "write redis://[user:password@]host[:port][/database], rediss:// for TLS, or unix:/path";

std::unexpected<core::Error> wrong(std::string_view why) {
  return core::fail(core::ErrorCode::pipeline,
                    fmt::format("the address of the Redis server {}: {}", why, kForms));
}

template <class T>
bool read_number(std::string_view text, T& number) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failed == std::errc() && end == text.data() + text.size();
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned char byte = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    const char* at = text.data() + i + 1;
    if (const auto [end, failed] = std::from_chars(at, at + 2, byte, 16);
        failed != std::errc() || end != at + 2)
      return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

// "user:password@" off the front of `rest`. False: it is not valid.
bool take_user(std::string_view& rest, Url& url) {
  const std::size_t end = rest.substr(0, rest.find_first_of("/?")).rfind('@');
  if (end == rest.npos) return true;
  const std::string_view both = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  const std::size_t colon = both.find(':');
  if (colon == both.npos) return false;
  const auto user = decoded(both.substr(0, colon));
  const auto password = decoded(both.substr(colon + 1));
  if (!user || !password || (password->empty() && !user->empty())) return false;
  url.user = *user;
  url.password = *password;
  return true;
}

core::Result<Url> parse_unix(std::string_view rest) {
  Url url;
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    if (!take_user(rest, url)) return wrong("has a user or password that cannot be read");
  }
  if (const std::size_t query = rest.find('?'); query != rest.npos) {
    const std::string_view database = rest.substr(query + 1);
    if (!database.starts_with("db=") || !read_number(database.substr(3), url.database) ||
        url.database < 0)
      return wrong("has a query that is not db=N");
    rest = rest.substr(0, query);
  }
  constexpr std::size_t kMostPath = 107;  // sockaddr_un
  if (!rest.starts_with('/') || rest.size() > kMostPath)
    return wrong("is not the path of a Unix socket, absolute and of at most 107 bytes");
  url.path = rest;
  return url;
}

}  // namespace

std::string Url::shown() const {
  if (!path.empty()) return "unix:" + path + (database != 0 ? fmt::format("?db={}", database) : "");
  const bool v6 = host.find(':') != host.npos;
  return fmt::format("{}://{}{}{}:{}{}", tls ? "rediss" : "redis", v6 ? "[" : "", host,
                     v6 ? "]" : "", port, database != 0 ? fmt::format("/{}", database) : "");
}

core::Result<Url> parse_url(std::string_view text) {
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' '; }))
    return wrong("holds a space or a control character");
  if (text.starts_with("unix:")) return parse_unix(text.substr(5));
  Url url;
  url.tls = text.starts_with("rediss://");
  if (!url.tls && !text.starts_with("redis://")) return wrong("has another scheme");
  text.remove_prefix(url.tls ? 9 : 8);
  if (!take_user(text, url)) return wrong("has a user or password that cannot be read");
  if (text.find('?') != text.npos || text.find('#') != text.npos)
    return wrong("has a query or a fragment, and a password with ?, # or / must be %-encoded");
  if (const std::size_t slash = text.find('/'); slash != text.npos) {
    const std::string_view database = text.substr(slash + 1);
    if (!database.empty() && (!read_number(database, url.database) || url.database < 0))
      return wrong("has a database that is not a number");
    text = text.substr(0, slash);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == text.npos) return wrong("has an IPv6 address without ]");
    url.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.empty() && !text.starts_with(':')) return wrong("has something behind ]");
    port = text.empty() ? text : text.substr(1);
    if (!text.empty() && port.empty()) return wrong("has no port behind the colon");
  } else {
    const std::size_t colon = text.find(':');
    url.host = text.substr(0, colon);
    if (colon != text.npos) {
      port = text.substr(colon + 1);
      if (port.empty()) return wrong("has no port behind the colon");
    }
  }
  if (url.host.empty()) return wrong("has no host");
  if (!port.empty() && (!read_number(port, url.port) || url.port == 0))
    return wrong("has a port that is not a number from 1 to 65535");
  return url;
}

}  // namespace sluice::redis
