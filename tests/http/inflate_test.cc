#include "http/inflate.h"

#include <gtest/gtest.h>

#include <random>

#include "deflated.h"

namespace sluice::http {
namespace {

using Coding = Inflater::Coding;
using Result = Inflater::Result;

std::string noise(std::size_t size) {
  std::mt19937 random(3);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>('a' + random() % 20);
  return text;
}

TEST(Inflater, KnowsTheCodingsByName) {
  EXPECT_EQ(Inflater::coding(""), Coding::identity);
  EXPECT_EQ(Inflater::coding("Identity"), Coding::identity);
  EXPECT_EQ(Inflater::coding("GZIP"), Coding::gzip);
  EXPECT_EQ(Inflater::coding("x-gzip"), Coding::gzip);
  EXPECT_EQ(Inflater::coding("deflate"), Coding::deflate);
  EXPECT_EQ(Inflater::coding("br"), Coding::unknown);
  EXPECT_EQ(Inflater::coding("gzip, gzip"), Coding::unknown);
}

TEST(Inflater, GivesTheSameForEverySplit) {
  const std::string text = noise(300);
  const std::pair<Coding, std::string> cases[] = {
      {Coding::gzip, deflated(text, kGzipFormat)},
      {Coding::gzip, deflated("ab", kGzipFormat) + deflated(text.substr(2), kGzipFormat)},
      {Coding::deflate, deflated(text, kZlibFormat)},
      {Coding::deflate, deflated(text, kRawFormat)},
  };
  for (const auto& [coding, bytes] : cases) {
    std::string whole;
    for (std::size_t split = 0; split <= bytes.size(); ++split) {
      Inflater inflater(coding);
      std::string out;
      EXPECT_EQ(inflater.add(bytes.substr(0, split), out, 1000), Result::ok);
      EXPECT_EQ(inflater.add(bytes.substr(split), out, 1000), Result::ok);
      EXPECT_TRUE(inflater.whole());
      if (whole.empty()) whole = out;
      EXPECT_EQ(out, whole) << split;
    }
    EXPECT_EQ(whole.substr(whole.size() - 298), text.substr(2));
  }
}

TEST(Inflater, StopsAtTheLimitAndNotBefore) {
  const std::string bytes = deflated(std::string(1'000'000, 'x'), kGzipFormat);
  std::string out;
  EXPECT_EQ(Inflater(Coding::gzip).add(bytes, out, 1'000'000), Result::ok);
  EXPECT_EQ(out.size(), 1'000'000u);
  out.clear();
  EXPECT_EQ(Inflater(Coding::gzip).add(bytes, out, 999'999), Result::too_large);
  EXPECT_LT(out.size(), 1'000'000u);
}

TEST(Inflater, SeesDamageAndATooEarlyEnd) {
  const std::string bytes = deflated(noise(300), kGzipFormat);
  std::string out;
  EXPECT_EQ(Inflater(Coding::gzip).add("plain text", out, 1000), Result::damaged);
  std::string flipped = bytes;
  flipped[flipped.size() - 6] = static_cast<char>(flipped[flipped.size() - 6] ^ 1);  // in the CRC
  EXPECT_EQ(Inflater(Coding::gzip).add(flipped, out, 1000), Result::damaged);
  EXPECT_EQ(Inflater(Coding::gzip).add(bytes + "x", out = "", 1000), Result::ok);
  Inflater trailing(Coding::gzip);
  out.clear();
  EXPECT_EQ(trailing.add(bytes + "garbage behind it", out, 1000), Result::damaged);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    Inflater inflater(Coding::gzip);
    out.clear();
    EXPECT_EQ(inflater.add(bytes.substr(0, cut), out, 1000), Result::ok);
    EXPECT_FALSE(inflater.whole()) << cut;
  }
  EXPECT_TRUE(Inflater(Coding::gzip).whole());  // no body at all
}

}  // namespace
}  // namespace sluice::http
