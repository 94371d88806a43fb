// Credentials of an endpoint without a key at a service that takes access tokens: Google's, Microsoft Entra's.
//
// Threads: any, before the loop runs.
#pragma once

#include "auth/make_credentials.h"

namespace sluice::auth {

// None: this service takes no tokens, or no source of them is known and the endpoint asks without.
core::Result<std::unique_ptr<Credentials>> make_fetched(CredentialsSetup& setup);

// Whether make_fetched() would give some.
bool is_fetched(const provider::EndpointSpec& spec, const provider::Profile& profile);

}  // namespace sluice::auth
