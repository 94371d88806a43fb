#include "provider/service.h"

#include <algorithm>
#include <array>
#include <string>

namespace sluice::provider {
namespace {

struct Domain {
  std::string_view name;  // the host itself or a parent domain of it
  Service service;
};

constexpr std::array kDomains = {
    Domain{"openai.azure.com", Service::azure},
    Domain{"cognitiveservices.azure.com", Service::azure},
    Domain{"services.ai.azure.com", Service::azure},
    Domain{"openai.com", Service::openai},
    Domain{"anthropic.com", Service::anthropic},
    Domain{"groq.com", Service::groq},
    Domain{"cerebras.ai", Service::cerebras},
    Domain{"sambanova.ai", Service::sambanova},
    Domain{"together.xyz", Service::together},
    Domain{"together.ai", Service::together},
    Domain{"fireworks.ai", Service::fireworks},
    Domain{"x.ai", Service::xai},
    Domain{"mistral.ai", Service::mistral},
    Domain{"deepseek.com", Service::deepseek},
    Domain{"openrouter.ai", Service::openrouter},
    Domain{"googleapis.com", Service::google},
};

std::string host_of(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != url.npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (const auto user = url.rfind('@'); user != url.npos) url.remove_prefix(user + 1);
  std::string host(url.substr(0, url.find(':')));
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return host;
}

bool within(std::string_view host, std::string_view domain) {
  if (!host.ends_with(domain)) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

}  // namespace

Service service_of(std::string_view base_url) {
  const std::string host = host_of(base_url);
  for (const Domain& domain : kDomains) {
    if (within(host, domain.name)) return domain.service;
  }
  return Service::other;
}

}  // namespace sluice::provider
