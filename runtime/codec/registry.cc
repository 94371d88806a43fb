#include "codec/registry.h"

#include <algorithm>
#include <array>
#include <string>

#include "codec/dialects.h"

namespace sluice::codec {
namespace {

using provider::Dialect;
using provider::Profile;
using provider::Provider;

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

const Profile* profile_at(const Dialect& dialect, std::string_view base_url) {
  const std::string host = host_of(base_url);
  const auto names_it = [&](const Profile& profile) {
    return std::ranges::any_of(profile.hosts, [&](auto domain) { return within(host, domain); });
  };
  if (names_it(*dialect.vendor)) return dialect.vendor;
  const auto service = std::ranges::find_if(dialect.services, names_it);
  return service == dialect.services.end() ? dialect.elsewhere : &*service;
}

}  // namespace

std::span<const Dialect> dialects() {
  static const std::array kDialects = {openai(), anthropic(), gemini(), bedrock()};
  return kDialects;
}

std::vector<Provider> providers() {
  std::vector<Provider> all;
  for (const Dialect& dialect : dialects()) {
    all.push_back({&dialect, dialect.vendor});
    for (const Profile& service : dialect.services) all.push_back({&dialect, &service});
    if (dialect.elsewhere != dialect.vendor) all.push_back({&dialect, dialect.elsewhere});
  }
  return all;
}

Provider find_provider(std::string_view constructor, std::string_view base_url) {
  for (const Provider& provider : providers()) {
    const auto& [dialect, profile] = provider;
    if (profile->name != constructor || profile->base_url.empty()) continue;
    if (profile == dialect->vendor && !base_url.empty())
      return {dialect, profile_at(*dialect, base_url)};
    return provider;
  }
  return {};
}

Provider provider_of(const provider::EndpointSpec& endpoint) {
  if (endpoint.provider.profile != nullptr) return endpoint.provider;
  const Dialect& first = dialects().front();
  return {&first, profile_at(first, endpoint.base_url)};
}

std::unique_ptr<provider::Codec> make_codec(const provider::EndpointSpec& endpoint) {
  const auto [dialect, profile] = provider_of(endpoint);
  return dialect->make(endpoint, *profile);
}

std::unique_ptr<provider::BatchApi> make_batch_api(const provider::EndpointSpec& endpoint) {
  const provider::BatchService* service = provider_of(endpoint).profile->batch;
  return service == nullptr ? nullptr : service->make(endpoint, *service);
}

}  // namespace sluice::codec
