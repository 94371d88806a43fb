#include "http/proxy_environment.h"

#include <fmt/format.h>

#include <cstdlib>
#include <initializer_list>
#include <utility>

#include "net/address_block.h"

namespace sluice::http {
namespace {

struct Variable {
  std::string name;
  std::string value;
};

std::optional<Variable> first_set(const Environment& environment,
                                  std::initializer_list<const char*> names) {
  for (const char* name : names) {
    auto value = environment(name);
    if (value && !value->empty()) return Variable{name, std::move(*value)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

core::Result<std::optional<Proxy>> proxy_for(std::string_view base_url, std::string_view setting,
                                             const Environment& environment) {
  if (setting == "none") return std::nullopt;
  if (!setting.empty()) {
    auto proxy = parse_proxy(setting);
    if (proxy) return *proxy;
    return core::fail(core::ErrorCode::pipeline, "proxy " + proxy.error().message);
  }
  const auto url = parse_url(base_url);
  if (!url) return std::unexpected(url.error());
  const auto named =
      url->tls ? first_set(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
               : first_set(environment, {"http_proxy", "all_proxy", "ALL_PROXY"});
  if (!named || is_this_machine(*url)) return std::nullopt;
  const auto exceptions = first_set(environment, {"no_proxy", "NO_PROXY"});
  if (exceptions && is_listed(*url, exceptions->value)) return std::nullopt;
  auto proxy = parse_proxy(named->value);
  if (proxy) return *proxy;
  return core::fail(core::ErrorCode::pipeline,
                    fmt::format("environment variable {} {} (proxy = \"none\" does without)",
                                named->name, proxy.error().message));
}

bool is_this_machine(const Url& url) {
  if (url.host == "localhost" || url.host.ends_with(".localhost")) return true;
  static const net::AddressBlock loopback4 = *net::AddressBlock::parse("127.0.0.0/8");
  static const net::AddressBlock loopback6 = *net::AddressBlock::parse("::1");
  return loopback4.holds(url.host) || loopback6.holds(url.host);
}

}  // namespace sluice::http
