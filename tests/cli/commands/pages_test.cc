// The pages of docs/ that lead through jobs: each file is written, each command run, against a mock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/transcript.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

class Pages : public testing::TestWithParam<const char*> {};

TEST_P(Pages, AreRight) {
  World world;
  const std::string page = std::string(SLUICE_SOURCE_DIR "/docs/") + GetParam() + ".md";
  EXPECT_THAT(wrong_in_page(world, page), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Docs, Pages,
                         testing::Values("tutorial", "first-jobs", "operations", "own-models"),
                         [](const auto& page) {
                           std::string name = page.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace sluice::cli
