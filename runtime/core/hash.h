// 128-bit content hashes (XXH3-128: https://xxhash.com). Not cryptographic: they name rows and
// questions; nobody's security rests on them. Stable across runs and machines (they are stored).
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace sluice::core {

struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend auto operator<=>(const Hash128&, const Hash128&) = default;
  std::string hex() const;  // 32 lower-case digits, most significant first
};

Hash128 hash128(std::string_view bytes, std::uint64_t seed = 0);

// The hash of two hashes, order mattering.
Hash128 combine(const Hash128& a, const Hash128& b);

}  // namespace sluice::core

template <>
struct std::hash<sluice::core::Hash128> {
  std::size_t operator()(const sluice::core::Hash128& h) const noexcept { return h.low; }
};
