#include "core/hash.h"

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <charconv>
#include <cstring>

namespace sluice::core {

std::string Hash128::hex() const {
  return fmt::format("{:016x}{:016x}", high, low);
}

std::optional<Hash128> Hash128::from_hex(std::string_view digits) {
  constexpr std::size_t kHalf = 16;
  if (digits.size() != 2 * kHalf) return std::nullopt;
  Hash128 hash;
  for (std::uint64_t* half : {&hash.high, &hash.low}) {
    const char* const end = digits.data() + kHalf;
    const auto read = std::from_chars(digits.data(), end, *half, 16);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    digits.remove_prefix(kHalf);
  }
  return hash;
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
