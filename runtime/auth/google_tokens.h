// Where Google's access tokens come from: the exchange of a key for one, and the metadata server of a machine in Google
// Cloud (docs/providers.md, Tokens).
//
// Threads: one. No I/O and no clock: refreshed.h carries the calls.
#pragma once

#include <memory>
#include <string>

#include "auth/google_key.h"
#include "auth/token_source.h"

namespace sluice::auth {

// A service account signs a claim (RFC 7523), a user's key is a refresh token (RFC 6749 §6).
std::unique_ptr<TokenSource> make_google_key_source(GoogleKey key);

// `base`: "http://metadata.google.internal"; never asked by a proxy.
std::unique_ptr<TokenSource> make_google_metadata_source(std::string base);

}  // namespace sluice::auth
