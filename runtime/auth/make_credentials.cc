#include "auth/make_credentials.h"

#include "auth/aws_credentials.h"
#include "auth/fetched.h"
#include "auth/static_key.h"

namespace sluice::auth {

core::Result<std::unique_ptr<Credentials>> make_credentials(CredentialsSetup setup) {
  if (setup.profile.auth == provider::AuthScheme::aws && setup.spec.key.empty())
    return make_aws_credentials(std::move(setup), process_surroundings());
  auto fetched = make_fetched(setup);
  if (!fetched || *fetched) return fetched;
  return make_static_key(setup.profile.auth, setup.spec.key, std::move(setup.head));
}

std::vector<std::pair<std::string, std::string>> masked_headers(const provider::EndpointSpec& spec,
                                                                const provider::Profile& profile) {
  if (profile.auth == provider::AuthScheme::aws && spec.key.empty())
    return {{"authorization", "AWS4-HMAC-SHA256 ***"}};
  auto header = key_header(profile.auth, spec.key);
  if (!header && is_fetched(spec, profile)) return {{"authorization", "Bearer ***"}};
  if (!header) return {};
  header->second = header->second.starts_with("Bearer ") ? "Bearer ***" : "***";
  return {*header};
}

}  // namespace sluice::auth
