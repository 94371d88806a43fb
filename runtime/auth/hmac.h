// HMAC-SHA256 (RFC 2104): proves by a hash over a text that its sender has a key.
//
// Threads: a plain function, any thread.
#pragma once

#include <array>
#include <string_view>

namespace sluice::auth {

using Sha256Digest = std::array<unsigned char, 32>;

// Throws std::runtime_error when OpenSSL has no SHA-256, which its configuration can bring about.
Sha256Digest hmac_sha256(std::string_view key, std::string_view text);

// The bytes of `digest`, valid as long as it is.
inline std::string_view bytes_of(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace sluice::auth
