#include "redis/url.h"

#include <gtest/gtest.h>

namespace sluice::redis {
namespace {

Url parsed(std::string_view text) {
  auto url = parse_url(text);
  EXPECT_TRUE(url.has_value()) << text << ": " << (url ? "" : url.error().message);
  return url.value_or(Url{});
}

TEST(RedisUrl, HasHostPortAndDatabase) {
  const Url url = parsed("redis://cache.example:6380/3");
  EXPECT_FALSE(url.tls);
  EXPECT_EQ(url.host, "cache.example");
  EXPECT_EQ(url.port, 6380);
  EXPECT_EQ(url.database, 3);
  EXPECT_EQ(url.shown(), "redis://cache.example:6380/3");
}

TEST(RedisUrl, LeavesOutWhatIsUsual) {
  EXPECT_EQ(parsed("rediss://h").shown(), "rediss://h:6379");
  EXPECT_EQ(parsed("redis://h/").database, 0);
  EXPECT_EQ(parsed("redis://[::1]:7000").host, "::1");
  EXPECT_EQ(parsed("redis://[::1]").shown(), "redis://[::1]:6379");
}

TEST(RedisUrl, HasUserAndPasswordWithPercents) {
  const Url url = parsed("redis://me:a%2Fb%40c@h:1");
  EXPECT_EQ(url.user, "me");
  EXPECT_EQ(url.password, "a/b@c");
  EXPECT_EQ(parsed("redis://:p@h").password, "p");
  EXPECT_EQ(url.shown(), "redis://h:1");
}

TEST(RedisUrl, NamesAUnixSocket) {
  const Url url = parsed("unix:/run/redis.sock");
  EXPECT_EQ(url.path, "/run/redis.sock");
  EXPECT_EQ(url.shown(), "unix:/run/redis.sock");
  const Url more = parsed("unix://u:p@/run/r?db=2");
  EXPECT_EQ(more.path, "/run/r");
  EXPECT_EQ(more.user, "u");
  EXPECT_EQ(more.password, "p");
  EXPECT_EQ(more.shown(), "unix:/run/r?db=2");
}

TEST(RedisUrl, SaysWhatIsWrongWithoutRepeatingIt) {
  for (const char* text :
       {"", "http://h", "redis://", "redis://h:0", "redis://h:70000", "redis://h:", "redis://h/x",
        "redis://geheim@h", "redis://u:geheim%zz@h", "redis://h?geheim=1", "redis://[::1",
        "redis://[::1]x", "unix:relative", "unix:/p?x=1", "redis://u:geheim@h/-1", "redis://h /0",
        "redis://u:@h"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url.has_value()) << text;
    EXPECT_EQ(url.error().code, core::ErrorCode::pipeline);
    EXPECT_EQ(url.error().message.find("geheim"), std::string::npos) << url.error().message;
    EXPECT_NE(url.error().message.find("redis://[user:password@]host"), std::string::npos);
  }
}

}  // namespace
}  // namespace sluice::redis
