#include "core/hash.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

// The values are stored in checkpoints: they must never change. Reference: xxhsum -H2.
TEST(Hash, IsXxh3WithFixedValues) {
  EXPECT_EQ(hash128("").hex(), "99aa06d3014798d86001c324468d497f");
  EXPECT_NE(hash128("a", 1), hash128("a", 2));
}

// Also stored. Reference: Python's hashlib.sha256 of
//   struct.pack("<Q", 4) + b"line" + struct.pack("<Q", 2) + b"ab" + struct.pack("<Q", 0)
TEST(Hash, NamesAreSha256OfTheirPartsCutTo128Bits) {
  EXPECT_EQ(name128("line", {"ab", ""}).hex(), "1d2bbc2fe71f430335ff4986831276c6");
  const std::string large(2000, 'x');
  EXPECT_EQ(name128("line", {large, "ab"}).hex(), "8adcc3b50fa870cb700256c5fe41d606");
}

TEST(Hash, NamesDependOnWhatTheyNameAndOnWhereEachPartEnds) {
  EXPECT_NE(name128("a", {"bc"}), name128("ab", {"c"}));
  EXPECT_NE(name128("a", {"b", "c"}), name128("a", {"bc"}));
  EXPECT_NE(name128("a", {"b", "c"}), name128("a", {"bc", ""}));
  EXPECT_NE(name128("a", {}), name128("a", {""}));
}

// Two texts that XXH3 does not tell apart: in stripes 7 and 11 of 64 bytes, the upper half of the
// first word is that of the public secret there, so that it is multiplied by zero, and what one
// word has more the other has less.
TEST(Hash, OfTwoTextsThatXxh3TakesForOneTheNamesDiffer) {
  const auto text = [](const char* first, const char* second) {
    std::string made(832, '.');
    made.replace(448, 8, first + std::string("xy\xC3\x81:&L"));
    made.replace(704, 9, second + std::string("xy\xC3\xA9\xDE\xAC\xD8\xA8"));
    return made;
  };
  const std::string one = text("a", "b");
  const std::string other = text("b", "a");
  ASSERT_NE(one, other);
  EXPECT_EQ(hash128(one), hash128(other));
  EXPECT_NE(name128("question", {one}), name128("question", {other}));
}

TEST(Hash, CombineDependsOnOrder) {
  const Hash128 a = hash128("a");
  const Hash128 b = hash128("b");
  EXPECT_NE(combine(a, b), combine(b, a));
  EXPECT_EQ(combine(a, b), combine(a, b));
}

}  // namespace
}  // namespace sluice::core
