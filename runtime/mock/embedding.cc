#include "mock/embedding.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>

#include "core/hash.h"
#include "mock/text_words.h"
#include "simulate/random.h"

namespace sluice::mock {
namespace {

constexpr std::uint64_t kPlacesOfWord = 32;
constexpr double kOwnShare = 0.05;  // of each number: what tells texts of the same words apart

// -1 to 1.
double signed_unit(std::uint64_t draw) {
  return 2 * simulate::unit(draw) - 1;
}

}  // namespace

std::vector<float> vector_for(std::string_view text, std::uint32_t dimensions, std::uint64_t seed) {
  std::vector<double> sums(dimensions, 0.0);
  std::string lower;
  for (const std::string_view word : words_of(text)) {
    lower.assign(word);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::uint64_t draw = simulate::mix(seed, core::hash128(lower).low);
    for (std::uint64_t i = 0; i < kPlacesOfWord; ++i) {
      const std::uint64_t place = simulate::mix(draw, i);
      sums[place % dimensions] += signed_unit(simulate::mix(place));
    }
  }
  const std::uint64_t own = simulate::mix(seed, core::hash128(text).low);
  double square = 0;
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    sums[i] += kOwnShare * signed_unit(simulate::mix(own, i));
    square += sums[i] * sums[i];
  }
  const double length = std::sqrt(square);
  std::vector<float> vector(dimensions);
  for (std::uint32_t i = 0; i < dimensions; ++i)
    vector[i] = static_cast<float>(length > 0 ? sums[i] / length : 0);
  return vector;
}

}  // namespace sluice::mock
