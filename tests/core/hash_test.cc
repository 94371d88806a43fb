#include "core/hash.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

// The values are stored in checkpoints: they must never change. Reference: xxhsum -H2.
TEST(Hash, IsXxh3WithFixedValues) {
  EXPECT_EQ(hash128("").hex(), "99aa06d3014798d86001c324468d497f");
  EXPECT_NE(hash128("a", 1), hash128("a", 2));
}

TEST(Hash, CombineDependsOnOrder) {
  const Hash128 a = hash128("a");
  const Hash128 b = hash128("b");
  EXPECT_NE(combine(a, b), combine(b, a));
  EXPECT_EQ(combine(a, b), combine(a, b));
}

}  // namespace
}  // namespace sluice::core
