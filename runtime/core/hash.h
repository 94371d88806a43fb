// 128-bit hashes, of two kinds. Both are the same on every machine and in every run: they are
// stored.
//
//   name128  SHA-256, cut to 128 bits. For what rows, prompts and answers decide: names of
//            questions and rows, and proofs that a line is the line it should be. To make a second
//            text with a given name takes some 2^128 attempts, to make two texts that share one
//            some 2^64.
//   hash128  XXH3-128 (https://xxhash.com), many times faster. Anybody can make two texts that
//   share
//            one: only for what tells accidents (checksums), and what comes from the user's own
//            file.
//
// Threads: any.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::core {

struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend auto operator<=>(const Hash128&, const Hash128&) = default;
  std::string hex() const;  // 32 lower-case digits, most significant first
  static std::optional<Hash128> from_hex(std::string_view digits);
};

// The name of a list of parts. `what` says what it names, so that no two kinds of things share one.
// Every part counts with its length, so that no two lists read alike. Throws std::runtime_error
// when OpenSSL has no SHA-256, which its configuration can bring about.
Hash128 name128(std::string_view what, std::initializer_list<std::string_view> parts);

// The bytes of `hash` (valid as long as it is), as a part of another name.
inline std::string_view bytes_of(const Hash128& hash) {
  return {reinterpret_cast<const char*>(&hash), sizeof hash};
}

Hash128 hash128(std::string_view bytes, std::uint64_t seed = 0);

// The hash128 of two hashes, order mattering.
Hash128 combine(const Hash128& a, const Hash128& b);

}  // namespace sluice::core

template <>
struct std::hash<sluice::core::Hash128> {
  std::size_t operator()(const sluice::core::Hash128& h) const noexcept { return h.low; }
};
