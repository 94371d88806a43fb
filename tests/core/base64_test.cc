#include "core/base64.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

std::string written(std::string_view bytes) {
  std::string out = "before ";
  append_base64(out, bytes);
  return out.substr(7);
}

// RFC 4648, section 10.
TEST(Base64, WritesWhatTheStandardSays) {
  EXPECT_EQ(written(""), "");
  EXPECT_EQ(written("f"), "Zg==");
  EXPECT_EQ(written("fo"), "Zm8=");
  EXPECT_EQ(written("foo"), "Zm9v");
  EXPECT_EQ(written("foob"), "Zm9vYg==");
  EXPECT_EQ(written("fooba"), "Zm9vYmE=");
  EXPECT_EQ(written("foobar"), "Zm9vYmFy");
  EXPECT_EQ(written("\xfb\xff\xfe"), "+//+");
}

TEST(Base64, ReadsAllThatItWrites) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(written(bytes).size(), base64_bytes(bytes.size()));
    EXPECT_EQ(read_base64(written(bytes)), bytes) << i;
    bytes += static_cast<char>(i * 37);
  }
}

TEST(Base64, ReadsNothingElse) {
  for (const std::string_view text :
       {"Zg", "Zg=", "Z===", "Zg==Zg==", "Zm9v\n", "Zm 9v", "Zm9-", "Zh==", "Zm9=", "====", "Z=g="})
    EXPECT_EQ(read_base64(text), std::nullopt) << text;
}

}  // namespace
}  // namespace sluice::core
