#include "provider/user_content.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::provider {
namespace {

TEST(UserContent, IsReadAsItWasWritten) {
  const std::string written =
      write_user_content({{.media = "image/png", .data = "aGk="},
                          {.media = "application/pdf", .data = {}, .url = "https://h/a.pdf?b=c"},
                          {.media = "", .data = {}, .url = "https://h/x"}},
                         "say \"hi\"\nnow");
  EXPECT_EQ(written, R"({"files":[{"media":"image/png","data":"aGk="},)"
                     R"({"media":"application/pdf","url":"https://h/a.pdf?b=c"},)"
                     R"({"media":"","url":"https://h/x"}],"text":"say \"hi\"\nnow"})");
  ASSERT_TRUE(has_files(written));
  const UserContent read = read_user_content(written);
  ASSERT_EQ(read.files.size(), 3u);
  EXPECT_EQ(read.files[0].media, "image/png");
  EXPECT_EQ(read.files[0].data, "aGk=");
  EXPECT_EQ(read.files[0].url, "");
  EXPECT_FALSE(read.files[0].is_document());
  EXPECT_EQ(read.files[1].url, "https://h/a.pdf?b=c");
  EXPECT_TRUE(read.files[1].is_document());
  EXPECT_EQ(read.files[2].media, "");
  EXPECT_EQ(read.text, R"("say \"hi\"\nnow")");
}

TEST(UserContent, MayHaveNoFiles) {
  const std::string written = write_user_content({}, "hi");
  EXPECT_EQ(written, R"({"files":[],"text":"hi"})");
  const UserContent read = read_user_content(written);
  EXPECT_TRUE(read.files.empty());
  EXPECT_EQ(read.text, "\"hi\"");
}

TEST(UserContent, OtherContentsAreToldFromIt) {
  EXPECT_FALSE(has_files("\"hi\""));
  EXPECT_FALSE(has_files(R"(["a","b"])"));
}

TEST(UserContent, IsShownWithTheBeginningsOfItsFiles) {
  const std::string data(64'000, 'A');
  const std::string shown =
      shortened(write_user_content({{.media = "image/png", .data = data}}, "hi"));
  EXPECT_EQ(shown,
            "{\"files\":[{\"media\":\"image/png\",\"data\":\"AAAAAAAAAAAAAAAAAAAAAAAA… (48 kB)\"}],"
            "\"text\":\"hi\"}");
  EXPECT_EQ(shortened("\"hi\""), "\"hi\"");
}

TEST(UserContent, AnAddressHasNothingThatJsonMustEscape) {
  EXPECT_TRUE(can_be_url("https://h/ä?a=%20"));
  for (const std::string_view url :
       {"https://h/a b", "https://h/\"", "https://h/\\", "https://h/\n"})
    EXPECT_FALSE(can_be_url(url)) << url;
}

}  // namespace
}  // namespace sluice::provider
