#include "provider/cause.h"

#include <gtest/gtest.h>

#include <set>

namespace sluice::provider {
namespace {

TEST(Cause, EachHasANameOfItsOwnForRejectsFilesAndJson) {
  EXPECT_EQ(cause_name(Cause::none), "");
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kCauses; ++i) names.insert(cause_name(static_cast<Cause>(i)));
  EXPECT_EQ(names.size(), kCauses);
  for (const std::string_view name : names)
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), name.npos) << name;
  // Written into rejects files: scripts look for these.
  EXPECT_EQ(cause_name(Cause::rate_limit), "rate_limit");
  EXPECT_EQ(cause_name(Cause::content_filter), "content_filter");
  EXPECT_EQ(cause_name(Cause::response_too_large), "response_too_large");
}

}  // namespace
}  // namespace sluice::provider
