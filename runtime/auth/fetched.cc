#include "auth/fetched.h"

#include "auth/entra.h"
#include "auth/google_credentials.h"
#include "auth/refreshed.h"

namespace sluice::auth {
namespace {

using provider::AuthScheme;

// A user's requests count against the quota of a project, which Google wants named.
Signer signer_for(std::string quota_project) {
  if (quota_project.empty()) return bearer_lines;
  return [line = "x-goog-user-project: " + std::move(quota_project) + "\r\n"](
             const Token& token, const RequestView& request, core::WallTime now) {
    return bearer_lines(token, request, now) + line;
  };
}

std::unique_ptr<Credentials> refreshed(CredentialsSetup& setup, std::unique_ptr<TokenSource> source,
                                       Signer signer) {
  return make_refreshed({.loop = setup.loop,
                         .clock = setup.clock,
                         .source = std::move(source),
                         .signer = std::move(signer),
                         .head = std::move(setup.head),
                         .ca_file = setup.spec.ca_file,
                         .proxy = setup.spec.proxy});
}

}  // namespace

core::Result<std::unique_ptr<Credentials>> make_fetched(CredentialsSetup& setup) {
  const provider::EndpointSpec& spec = setup.spec;
  // Seen here first: `check` has no key to look at.
  if (setup.profile.auth == AuthScheme::google && !spec.key.empty() && spec.project.empty() &&
      !provider::is_google_api_key(spec.key.reveal()))
    return core::fail(core::ErrorCode::pipeline,
                      "key is not one of Google's API keys, which begin with AIza: with an access "
                      "token add project = \"my-project\"",
                      spec.name);
  if (!spec.key.empty()) return nullptr;
  if (setup.profile.auth == AuthScheme::google) {
    auto found = find_google_credentials(spec, http::process_environment);
    if (!found) return std::unexpected(found.error());
    if (found->source == nullptr) return nullptr;
    return refreshed(setup, std::move(found->source), signer_for(std::move(found->quota_project)));
  }
  if (setup.profile.auth == AuthScheme::api_key) {
    auto source = find_entra_source(spec, setup.profile, http::process_environment);
    if (!source) return std::unexpected(source.error());
    if (*source == nullptr) return nullptr;
    return refreshed(setup, std::move(*source), bearer_lines);
  }
  return nullptr;
}

bool is_fetched(const provider::EndpointSpec& spec, const provider::Profile& profile) {
  if (!spec.key.empty()) return false;
  if (profile.auth == AuthScheme::google) return has_google_credentials(spec);
  return profile.auth == AuthScheme::api_key && has_entra_credentials(spec, profile);
}

}  // namespace sluice::auth
