// The list of origins that go without a proxy.
#include <algorithm>
#include <charconv>
#include <string>

#include "http/proxy_environment.h"
#include "net/address_block.h"

namespace sluice::http {
namespace {

// The item's ":port" cut off; -1 when it has none. What looks like a port and is none stays.
int cut_port(std::string_view& item) {
  const std::size_t colon = item.rfind(':');
  const bool bracketed = item.starts_with('[');
  if (colon == std::string_view::npos || (bracketed && item[colon - 1] != ']')) return -1;
  // Of IPv6 without brackets every ':' is its own.
  if (!bracketed && item.find(':') != colon) return -1;
  const std::string_view digits = item.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) return -1;
  item = item.substr(0, colon);
  return port;
}

// The host is `name`, or stands below it.
bool is_under(std::string_view host, std::string_view name) {
  if (host == name) return true;
  return host.size() > name.size() && host.ends_with(name) &&
         host[host.size() - name.size() - 1] == '.';
}

bool matches(const Url& url, std::string_view item) {
  if (item == "*") return true;
  if (const int port = cut_port(item); port >= 0 && port != url.port) return false;
  if (item.starts_with('[') && item.ends_with(']')) item = item.substr(1, item.size() - 2);
  if (const auto block = net::AddressBlock::parse(item)) return block->holds(url.host);
  if (net::AddressBlock::parse(url.host)) return false;  // "2.3" is no domain that 10.1.2.3 is in
  if (item.starts_with("*.")) item.remove_prefix(1);
  if (item.starts_with('.')) item.remove_prefix(1);
  if (item.ends_with('.')) item.remove_suffix(1);
  std::string_view host = url.host;
  if (host.ends_with('.')) host.remove_suffix(1);
  return !item.empty() && is_under(host, item);
}

}  // namespace

bool is_listed(const Url& url, std::string_view list) {
  std::string lower(list);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  constexpr std::string_view kSeparators = ", \t";
  std::string_view rest = lower;
  for (;;) {
    const std::size_t begin = rest.find_first_not_of(kSeparators);
    if (begin == std::string_view::npos) return false;
    rest.remove_prefix(begin);
    const std::string_view item = rest.substr(0, rest.find_first_of(kSeparators));
    if (matches(url, item)) return true;
    rest.remove_prefix(item.size());
  }
}

}  // namespace sluice::http
