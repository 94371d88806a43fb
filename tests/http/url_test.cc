#include "http/url.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

struct Good {
  const char* text;
  bool tls;
  const char* host;
  int port;
  const char* path;
  const char* authority;
};

TEST(Url, IsTakenApart) {
  const Good cases[] = {
      {"http://example.com", false, "example.com", 80, "", "example.com"},
      {"https://Example.COM/v1/", true, "example.com", 443, "/v1", "example.com"},
      {"HTTP://127.0.0.1:8080/a/b", false, "127.0.0.1", 8080, "/a/b", "127.0.0.1:8080"},
      {"https://h:443/", true, "h", 443, "", "h"},
      {"http://h:443", false, "h", 443, "", "h:443"},
      {"http://[::1]:9/x", false, "::1", 9, "/x", "[::1]:9"},
      {"https://[2001:DB8::1]", true, "2001:db8::1", 443, "", "[2001:db8::1]"},
      {"http://my_service-1:65535", false, "my_service-1", 65535, "", "my_service-1:65535"},
      {"https://h/openai/deployments/a:b//", true, "h", 443, "/openai/deployments/a:b", "h"},
  };
  for (const Good& c : cases) {
    const auto url = parse_url(c.text);
    ASSERT_TRUE(url.has_value()) << c.text << ": " << url.error().message;
    EXPECT_EQ(url->tls, c.tls) << c.text;
    EXPECT_EQ(url->host, c.host) << c.text;
    EXPECT_EQ(url->port, c.port) << c.text;
    EXPECT_EQ(url->path, c.path) << c.text;
    EXPECT_EQ(url->authority(), c.authority) << c.text;
  }
}

TEST(Url, ThatCannotBeUsedSaysWhy) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "must begin with"},
      {"example.com", "must begin with"},
      {"ftp://h", "must begin with"},
      {"http://", "no host"},
      {"http:///v1", "no host"},
      {"http://:80", "no host"},
      {"http://h:", "port"},
      {"http://h:0", "port"},
      {"http://h:65536", "port"},
      {"http://h:8x", "port"},
      {"http://h:-1", "port"},
      {"http://[::1", "']'"},
      {"http://[hello]", "IPv6"},
      {"http://[::1]x", "after ']'"},
      {"http://a b/", "space"},
      {"http://h/a\r\nX: y", "control"},
      {"http://h/?a=b", "query"},
      {"http://h/v1#top", "fragment"},
      {"http://h\xc3\xbc", "DNS name"},
      {"http://::1", "brackets"},
  };
  for (const auto& [text, words] : cases) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url.has_value()) << text;
    EXPECT_EQ(url.error().code, core::ErrorCode::pipeline) << text;
    EXPECT_NE(url.error().message.find(words), std::string::npos) << url.error().message;
  }
}

TEST(Url, WithAPasswordIsRefusedWithoutRepeatingIt) {
  for (const char* text : {"https://me:hunter2@h/v1", "ftp://me:hunter2@h"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url.has_value());
    EXPECT_EQ(url.error().text().find("hunter2"), std::string::npos) << url.error().text();
  }
}

}  // namespace
}  // namespace sluice::http
