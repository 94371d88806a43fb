#include "http/proxy.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "http/url.h"

namespace sluice::http {
namespace {

std::unexpected<core::Error> bad_proxy(std::string words) {
  return core::fail(core::ErrorCode::pipeline, std::move(words));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Nothing on a '%' that two hexadecimal digits do not follow.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // and OpenSSL's closing zero
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  out.pop_back();
  return out;
}

}  // namespace

std::string Proxy::name() const {
  return Url{.host = host, .port = port, .path = {}}.host_and_port();
}

std::string Proxy::headers() const {
  if (authorization.empty()) return {};
  return fmt::format("Proxy-Authorization: {}\r\n", authorization.reveal());
}

core::Result<Proxy> parse_proxy(std::string_view text) {
  const std::size_t scheme_end = text.find("://");
  if (scheme_end != std::string_view::npos) {
    std::string scheme(text.substr(0, scheme_end));
    std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (scheme != "http")
      return bad_proxy("must be an http:// address: other kinds are not spoken");
    text.remove_prefix(scheme_end + 3);
  }
  // The last '@': one that belongs to the password should be %40, and often is not.
  const std::size_t at = text.rfind('@');
  const bool has_user = at != std::string_view::npos;
  const std::string_view user_info = has_user ? text.substr(0, at) : std::string_view();
  if (has_user) text.remove_prefix(at + 1);

  const auto url = parse_url(fmt::format("http://{}", text));
  if (!url || !url->path.empty()) {
    return bad_proxy("must be of the form http://host:port or http://user:password@host:port");
  }
  Proxy proxy{.host = url->host, .port = url->port, .authorization = {}};
  if (!has_user) return proxy;

  const std::size_t colon = user_info.find(':');
  const auto user = percent_decoded(user_info.substr(0, colon));
  const auto password = percent_decoded(
      colon == std::string_view::npos ? std::string_view() : user_info.substr(colon + 1));
  if (!user || !password) {
    return bad_proxy("has a '%' in its user name or password without two hexadecimal digits");
  }
  // RFC 7617 §2: the first ':' would end the user name.
  if (user->find(':') != std::string::npos) return bad_proxy("has a user name with a ':'");
  proxy.authorization = core::Secret("Basic " + base64(*user + ":" + *password));
  return proxy;
}

}  // namespace sluice::http
