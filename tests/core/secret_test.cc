#include "core/secret.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TEST(Secret, IsNeverFormatted) {
  EXPECT_EQ(fmt::format("key {}", Secret("sk-very-secret")), "key ***");
}

}  // namespace
}  // namespace sluice::core
