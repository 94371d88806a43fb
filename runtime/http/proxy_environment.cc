#include "http/proxy_environment.h"

#include <fmt/format.h>

#include <initializer_list>
#include <utility>

#include "http/address_block.h"
#include "http/proxy.h"

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

core::Result<core::Secret> proxy_for(const Url& url, const Environment& environment) {
  auto named =
      url.tls ? first_set(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
              : first_set(environment, {"http_proxy", "all_proxy", "ALL_PROXY"});
  if (!named || is_this_machine(url)) return core::Secret();
  const auto exceptions = first_set(environment, {"no_proxy", "NO_PROXY"});
  if (exceptions && is_listed(url, exceptions->value)) return core::Secret();
  if (const auto proxy = parse_proxy(named->value); !proxy) {
    return core::fail(
        core::ErrorCode::pipeline,
        fmt::format("the environment variable {} cannot be used: it {} (proxy = \"none\" does "
                    "without)",
                    named->name, proxy.error().message));
  }
  return core::Secret(std::move(named->value));
}

bool is_this_machine(const Url& url) {
  if (url.host == "localhost" || url.host.ends_with(".localhost")) return true;
  static const AddressBlock loopback4 = *AddressBlock::parse("127.0.0.0/8");
  static const AddressBlock loopback6 = *AddressBlock::parse("::1");
  return loopback4.holds(url.host) || loopback6.holds(url.host);
}

}  // namespace sluice::http
