#include "auth/trusted_address.h"

#include <algorithm>

#include "http/url.h"

namespace sluice::auth {

bool is_trusted_address(const provider::EndpointSpec& spec,
                        std::span<const std::string_view> domains) {
  const auto url = http::parse_url(spec.base_url);
  if (!url || !url->tls || !spec.ca_file.empty()) return false;
  return std::ranges::any_of(domains, [&](std::string_view domain) {
    if (!url->host.ends_with(domain)) return false;
    return url->host.size() == domain.size() ||
           url->host[url->host.size() - domain.size() - 1] == '.';
  });
}

}  // namespace sluice::auth
