#include "fixture.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::codec {
namespace {

using namespace provider;

const std::vector<Fixture>& fixtures() {
  static const std::vector<Fixture> all = read_fixtures(SLUICE_SOURCE_DIR "/tests/codec/fixtures");
  return all;
}

class Response : public testing::TestWithParam<Fixture> {};

TEST_P(Response, IsReadAsItsFixtureSays) {
  EXPECT_EQ(reply_text(GetParam()), GetParam().expected);
}

std::string test_name(const testing::TestParamInfo<Fixture>& info) {
  std::string name = info.param.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); },
      '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Response, testing::ValuesIn(fixtures()), test_name);

TEST(Fixtures, EachHasAnExpectedReply) {
  EXPECT_GE(fixtures().size(), 40u);
  for (const Fixture& fixture : fixtures()) EXPECT_FALSE(fixture.expected.empty()) << fixture.name;
}

}  // namespace
}  // namespace sluice::codec
