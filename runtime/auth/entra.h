// Microsoft Entra ID's access tokens for Azure OpenAI (docs/providers.md, Tokens): of an application that has a secret,
// and of a machine or container in Azure that has an identity.
//
// Which an endpoint without a key has:
//   1. `credentials` of the endpoint: "TENANT:CLIENT:SECRET", or "managed" for the machine's identity
//   2. AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET
// "managed" and 2 are the machine's own, and only for Azure's addresses (trusted_address.h). AZURE_AUTHORITY_HOST is
// where tokens come from, else login.microsoftonline.com.
//
// Threads: plain functions, any thread. The sources: one thread; no I/O and no clock.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "auth/token_source.h"
#include "core/error.h"
#include "http/proxy_environment.h"
#include "provider/endpoint.h"
#include "provider/profile.h"

namespace sluice::auth {

struct EntraClient {
  std::string tenant;
  std::string client;
  core::Secret secret;
};

// "TENANT:CLIENT:SECRET"; the secret may hold colons. ErrorCode::pipeline, without what the text holds.
core::Result<EntraClient> read_entra_client(const core::Secret& text, const std::string& where);

// `authority`: "https://login.microsoftonline.com".
std::unique_ptr<TokenSource> make_entra_client_source(EntraClient client, std::string authority);

// `base`: "http://169.254.169.254"; never asked by a proxy. `client`: which of several identities; may be empty.
std::unique_ptr<TokenSource> make_managed_identity_source(std::string base, std::string client);

// nullptr: none is known, or the machine's own may not go to this address. ErrorCode::pipeline for credentials that
// cannot be used, and for Azure's own address where there are none at all.
core::Result<std::unique_ptr<TokenSource>> find_entra_source(const provider::EndpointSpec& spec,
                                                             const provider::Profile& profile,
                                                             const http::Environment& environment);

// Whether find_entra_source() finds one, or fails.
bool has_entra_credentials(const provider::EndpointSpec& spec, const provider::Profile& profile);

}  // namespace sluice::auth
