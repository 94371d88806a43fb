// A signed JSON Web Token (RFC 7515, compact form), as a token server takes it for proof of a service account.
//
// Threads: plain functions, any thread. A signature takes about a millisecond.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "core/secret.h"

namespace sluice::auth {

// Base64 of RFC 4648 §5, without padding.
std::string base64url(std::string_view bytes);

// HEADER.CLAIMS.SIGNATURE, signed with RS256 (RSASSA-PKCS1-v1_5 with SHA-256, RFC 7518 §3.3). `header` and `claims` are
// JSON texts, `pem` an RSA key of 2,048 to 8,192 bits without a passphrase, PKCS #8 or PKCS #1.
// ErrorCode::pipeline for any other key; the message does not show it.
core::Result<std::string> sign_rs256(std::string_view header, std::string_view claims,
                                     const core::Secret& pem);

}  // namespace sluice::auth
