#include "stages/vector_text.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace sluice::stages {
namespace {

std::string text_of(const std::vector<float>& numbers) {
  std::string out;
  append_vector(out, numbers);
  return out;
}

TEST(VectorText, IsAListOfShortNumbers) {
  EXPECT_EQ(text_of({0.1F, -0.25F, 1, 0, 1e-7F}), "[0.1,-0.25,1,0,1e-07]");
  EXPECT_EQ(text_of({}), "[]");
}

TEST(VectorText, ReadsBackAsTheSameFloats) {
  std::mt19937 random(20261129);
  std::vector<float> numbers = {std::numeric_limits<float>::max(),
                                std::numeric_limits<float>::denorm_min(), -0.0F};
  while (numbers.size() < 20'000) {
    const auto any = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (std::isfinite(any)) numbers.push_back(any);
  }
  const std::string text = text_of(numbers);
  const char* at = text.data() + 1;
  for (const float number : numbers) {
    float read = 0;
    const auto [end, error] = std::from_chars(at, text.data() + text.size(), read);
    ASSERT_EQ(error, std::errc());
    ASSERT_EQ(std::bit_cast<std::uint32_t>(read), std::bit_cast<std::uint32_t>(number));
    at = end + 1;
  }
}

}  // namespace
}  // namespace sluice::stages
