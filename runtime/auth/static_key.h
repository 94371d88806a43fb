// A key that never changes, in the header in which the service takes it.
//
// Threads: plain functions, any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "auth/credentials.h"
#include "core/secret.h"
#include "provider/profile.h"

namespace sluice::auth {

// Name and value; nullopt without a key.
std::optional<std::pair<std::string, std::string>> key_header(provider::AuthScheme scheme,
                                                              const core::Secret& key);

// `head`: the header lines that all requests have.
std::unique_ptr<Credentials> make_static_key(provider::AuthScheme scheme, const core::Secret& key,
                                             std::string head);

}  // namespace sluice::auth
