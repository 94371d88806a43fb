#include "core/hash.h"

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

namespace sluice::core {

std::string Hash128::hex() const {
  return fmt::format("{:016x}{:016x}", high, low);
}

Hash128 hash128(std::string_view bytes, std::uint64_t seed) {
  const XXH128_hash_t h = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {h.high64, h.low64};
}

Hash128 combine(const Hash128& a, const Hash128& b) {
  char both[32];
  const std::uint64_t words[4] = {a.high, a.low, b.high, b.low};
  std::memcpy(both, words, sizeof both);
  return hash128({both, sizeof both});
}

}  // namespace sluice::core
