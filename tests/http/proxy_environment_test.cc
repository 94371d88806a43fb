// Which proxy a setting or the environment names, and what NO_PROXY takes out.
#include "http/proxy_environment.h"

#include <gtest/gtest.h>

#include <map>

#include "net/address_block.h"

namespace sluice::http {
namespace {

using Variables = std::map<std::string, std::string>;

// "host:port" of the proxy, "" for none, or the error.
std::string proxy_of(const std::string& url, const Variables& variables,
                     const std::string& setting = "") {
  const auto proxy =
      proxy_for(url, setting, [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
      });
  if (!proxy) return proxy.error().text();
  return *proxy ? (*proxy)->name() : "";
}

TEST(ProxyEnvironment, NamesAProxyForEachScheme) {
  const Variables both = {{"HTTPS_PROXY", "http://secure:1"}, {"http_proxy", "http://plain:2"}};
  EXPECT_EQ(proxy_of("https://api.test", both), "secure:1");
  EXPECT_EQ(proxy_of("http://api.test", both), "plain:2");
  EXPECT_EQ(proxy_of("https://api.test", {{"https_proxy", "a:1"}, {"HTTPS_PROXY", "b:2"}}), "a:1");
  EXPECT_EQ(proxy_of("https://api.test", {}), "");
  EXPECT_EQ(proxy_of("https://api.test", {{"https_proxy", ""}, {"HTTPS_PROXY", "b:2"}}), "b:2");
}

// Under CGI it is the request header "Proxy" of whoever asks.
TEST(ProxyEnvironment, DoesNotTrustHttpProxyInCapitals) {
  EXPECT_EQ(proxy_of("http://api.test", {{"HTTP_PROXY", "http://evil:1"}}), "");
  EXPECT_EQ(proxy_of("https://api.test", {{"HTTP_PROXY", "http://evil:1"}}), "");
}

TEST(ProxyEnvironment, FallsBackOnAllProxy) {
  for (const char* name : {"ALL_PROXY", "all_proxy"}) {
    EXPECT_EQ(proxy_of("https://api.test", {{name, "http://all:1"}}), "all:1");
    EXPECT_EQ(proxy_of("http://api.test", {{name, "http://all:1"}}), "all:1");
  }
  EXPECT_EQ(proxy_of("https://api.test", {{"ALL_PROXY", "all:1"}, {"HTTPS_PROXY", "own:2"}}),
            "own:2");
}

TEST(ProxyEnvironment, GoesStraightToThisMachineUnlessToldOtherwise) {
  const Variables all = {{"ALL_PROXY", "http://all:1"}};
  for (const char* url : {"http://localhost:8080", "http://127.0.0.1", "https://127.8.9.1",
                          "http://[::1]:80", "http://mock.localhost"}) {
    EXPECT_EQ(proxy_of(url, all), "") << url;
    EXPECT_EQ(proxy_of(url, all, "http://own:2"), "own:2") << url;
  }
  EXPECT_EQ(proxy_of("http://localhost.test", all), "all:1");
}

TEST(ProxyEnvironment, GivesWayToTheSetting) {
  const Variables all = {{"ALL_PROXY", "http://all:1"}, {"NO_PROXY", "*"}};
  EXPECT_EQ(proxy_of("https://api.test", all, "none"), "");
  EXPECT_EQ(proxy_of("https://api.test", all, "http://own:2"), "own:2");
}

TEST(ProxyEnvironment, NamesTheVariableThatCannotBeUsedAndNotItsValue) {
  EXPECT_EQ(proxy_of("https://api.test", {{"ALL_PROXY", "socks5://me:hunter2@proxy:1080"}}),
            "environment variable ALL_PROXY must be an http:// address: other kinds are not spoken "
            "(proxy = \"none\" does without)");
  EXPECT_EQ(proxy_of("https://api.test", {}, "http://me:hunter2@"),
            "proxy must be of the form http://host:port or http://user:password@host:port");
}

TEST(NoProxy, TakesOutWhatItLists) {
  struct Case {
    const char* url;
    const char* list;
    bool listed;
  };
  const Case cases[] = {
      {"https://api.test", "api.test", true},
      {"https://api.test", "test", true},
      {"https://api.test", ".test", true},
      {"https://api.test", "*.test", true},
      {"https://api.test", "*", true},
      {"https://api.test", "other.test, API.Test", true},
      {"https://api.test", "other.test API.Test", true},
      {"https://api.test", ".api.test", true},
      {"https://api.test.", "api.test", true},
      {"https://api.test", "api.test.", true},
      {"https://myapi.test", "api.test", false},
      {"https://test", "api.test", false},
      {"https://api.test", "", false},
      {"https://api.test", ",, .", false},
      {"https://api.test", "pi.test", false},
      {"https://api.test", "api.test:443", true},
      {"https://api.test", "api.test:8443", false},
      {"https://api.test:8443", "test:8443", true},
      {"https://api.test", "api.test:https", false},
      {"http://10.1.2.3", "10.1.2.3", true},
      {"http://10.1.2.3:8080", "10.1.2.3:8080", true},
      {"http://10.1.2.3:8080", "10.1.2.3:80", false},
      {"http://10.1.2.3", "10.0.0.0/8", true},
      {"http://10.1.2.3", "10.1.2.0/24,x", true},
      {"http://10.1.3.3", "10.1.2.0/24", false},
      {"http://10.1.2.131", "10.1.2.128/25", true},
      {"http://10.1.2.127", "10.1.2.128/25", false},
      {"http://10.1.2.3", "0.0.0.0/0", true},
      {"http://10.1.2.3", "10.0.0.0/33", false},
      {"http://10.1.2.3", "2.3", false},
      {"http://[fd00::1]", "fd00::/8", true},
      {"http://[fe80::1]", "fd00::/8", false},
      {"http://[fd00::1]:8080", "[fd00::1]:8080", true},
      {"http://[fd00::1]:8080", "[fd00::1]:80", false},
      {"http://[fd00::1]", "[fd00::1]", true},
      {"http://[fd00:0::1]", "fd00::1", true},
      {"http://[::ffff:10.1.2.3]", "10.0.0.0/8", true},
      {"http://10.1.2.3", "::/0", false},
      {"https://api.test", "0.0.0.0/0", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(is_listed(*parse_url(c.url), c.list), c.listed) << c.url << " in '" << c.list << "'";
    EXPECT_EQ(proxy_of(c.url, {{"ALL_PROXY", "all:1"}, {"NO_PROXY", c.list}}),
              c.listed ? "" : "all:1");
  }
}

TEST(AddressBlock, IsOnlyWhatIsWrittenWhole) {
  for (const char* text : {"", "/", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/8x", "10.0.0.0/-1",
                           "10.0.0/8", "fd00::/129", "name", "name/8"}) {
    EXPECT_FALSE(net::AddressBlock::parse(text).has_value()) << text;
  }
}

TEST(ParseProxy, ReadsTheParts) {
  const auto proxy = parse_proxy("HTTP://us%40er:p%3Aw%2F@Proxy.Test:3128/");
  ASSERT_TRUE(proxy.has_value()) << proxy.error().text();
  EXPECT_EQ(proxy->name(), "proxy.test:3128");
  // base64 of "us@er:p:w/"
  EXPECT_EQ(proxy->headers(), "Proxy-Authorization: Basic dXNAZXI6cDp3Lw==\r\n");
  EXPECT_EQ(fmt::format("{}", proxy->authorization), "***");

  EXPECT_EQ(parse_proxy("proxy")->name(), "proxy:80");
  EXPECT_EQ(parse_proxy("http://[fd00::1]:8080")->name(), "[fd00::1]:8080");
  EXPECT_EQ(parse_proxy("proxy:3128")->headers(), "");
  // RFC 7617 §2: user "Aladdin", password "open sesame"; and a user without a password.
  EXPECT_EQ(parse_proxy("http://Aladdin:open%20sesame@p:1")->headers(),
            "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n");
  EXPECT_EQ(parse_proxy("http://me@p:1")->headers(), "Proxy-Authorization: Basic bWU6\r\n");
}

TEST(ParseProxy, RefusesWhatCannotBeOneAndKeepsItsSecret) {
  for (const char* text : {"", "http://", "https://p:1", "socks5h://hunter2@p:1", "http://p:0",
                           "http://p:x", "http://p:1/path", "http://p:1?q=hunter2",
                           "http://me:hunter2%@p:1", "http://me:hunter%2g@p",
                           "http://m%3ae:hunter2@p:1", "http://me:hunter2@", "http://a b:1"}) {
    const auto proxy = parse_proxy(text);
    ASSERT_FALSE(proxy.has_value()) << text;
    EXPECT_EQ(proxy.error().code, core::ErrorCode::pipeline);
    EXPECT_EQ(proxy.error().text().find("hunter"), std::string::npos);
    EXPECT_TRUE(proxy.error().message.starts_with("must be") ||
                proxy.error().message.starts_with("has a"))
        << proxy.error().message;
  }
}

}  // namespace
}  // namespace sluice::http
