// AWS's signature: by AWS's published examples, and by requests that botocore has signed
// (fixtures/sigv4.md).
#include "auth/sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace sluice::auth {
namespace {

using testing::HasSubstr;

struct Case {
  std::string name;
  SigningScope scope;
  Token keys;
  core::WallTime time;
  std::string method, path, host, body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string authorization;

  std::vector<SigningHeader> views() const { return {headers.begin(), headers.end()}; }
  std::vector<std::shared_ptr<const std::string>> pieces() const {
    // Two, so that they must be joined.
    const std::size_t half = body.size() / 2;
    return {std::make_shared<const std::string>(body.substr(0, half)),
            std::make_shared<const std::string>(body.substr(half))};
  }
};

// "20260101T000000Z"
core::WallTime time_of(const std::string& stamp) {
  const auto number = [&](std::size_t at, std::size_t size) {
    return std::stoi(stamp.substr(at, size));
  };
  const std::chrono::year_month_day date(std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(4, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(6, 2))));
  return core::WallTime(std::chrono::sys_days(date)) + std::chrono::hours(number(9, 2)) +
         std::chrono::minutes(number(11, 2)) + std::chrono::seconds(number(13, 2));
}

std::vector<Case> read_cases() {
  std::ifstream in(SLUICE_SOURCE_DIR "/tests/auth/fixtures/sigv4.md");
  std::vector<Case> cases;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("## ")) {
      cases.emplace_back().name = line.substr(3);
      std::getline(in, line);
      std::getline(in, line);
      Case& c = cases.back();
      std::string stamp;
      std::string secret;
      std::string session;
      std::istringstream words(line);
      words >> c.scope.region >> c.scope.service >> stamp >> c.keys.key_id >> secret >> session;
      if (c.scope.service.ends_with(',')) c.scope.service.pop_back();
      c.keys.value = core::Secret(secret);
      c.keys.session = core::Secret(session);
      c.time = time_of(stamp);
      c.scope.path_as_written = c.scope.sends_body_hash = c.scope.service == "s3";
    } else if (line == "```request") {
      Case& c = cases.back();
      std::getline(in, line);
      c.method = line.substr(0, line.find(' '));
      c.path = line.substr(line.find(' ') + 1);
      while (std::getline(in, line) && !line.empty()) {
        const std::size_t colon = line.find(": ");
        if (line.starts_with("host: ")) {
          c.host = line.substr(6);
        } else {
          c.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
        }
      }
      for (bool first = true; std::getline(in, line) && line != "```"; first = false)
        c.body += first ? line : "\n" + line;
    } else if (line == "```authorization") {
      std::getline(in, cases.back().authorization);
    }
  }
  return cases;
}

std::string sign(const Case& c) {
  const auto body = c.pieces();
  const auto headers = c.views();
  SigV4 signer(c.scope);
  return signer.lines(c.keys, {c.method, c.host, c.path, body}, headers, c.time);
}

// The lines as headers; Host and the case's own before them.
std::vector<std::pair<std::string, std::string>> all_headers(const Case& c,
                                                             const std::string& lines) {
  auto headers = c.headers;
  headers.emplace_back("Host", c.host);
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    line.pop_back();
    headers.emplace_back(line.substr(0, line.find(": ")), line.substr(line.find(": ") + 2));
  }
  return headers;
}

bool fits(const Case& c, const std::vector<std::pair<std::string, std::string>>& headers,
          const core::Secret& secret) {
  const auto claim = read_signature(headers.back().second);
  if (!claim) return false;
  const auto body = c.pieces();
  const std::vector<SigningHeader> views(headers.begin(), headers.end() - 1);
  return sigv4_fits(*claim, secret, c.scope.path_as_written, {c.method, c.host, c.path, body},
                    views);
}

Case vanilla() {
  Case c;
  c.scope = {.region = "us-east-1", .service = "service"};
  c.keys.key_id = "AKIDEXAMPLE";
  c.keys.value = core::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  c.time = time_of("20150830T123600Z");
  c.method = "GET";
  c.path = "/";
  c.host = "example.amazonaws.com";
  return c;
}

TEST(SigV4, SignsAwssOwnExample) {
  EXPECT_EQ(sign(vanilla()),
            "x-amz-date: 20150830T123600Z\r\n"
            "authorization: AWS4-HMAC-SHA256 "
            "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, "
            "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31\r\n");
}

TEST(SigV4, SignsARequestToConverse) {
  Case c;
  c.scope = {.region = "us-east-1", .service = "bedrock"};
  c.keys.key_id = "SLUICETESTKEY";
  c.keys.value = core::Secret("sluice-test-secret");
  c.time = time_of("20260101T000000Z");
  c.method = "POST";
  c.path = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse";
  c.host = "bedrock-runtime.us-east-1.amazonaws.com";
  c.headers = {{"Content-Type", "application/json"}};
  c.body = R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})";
  EXPECT_EQ(body_hash(c.pieces()),
            "c3335e07d6e89650bf94cb98664be69f8774dbc3198df221f113db0a59ea14f0");
  EXPECT_THAT(sign(c),
              HasSubstr("SignedHeaders=content-type;host;x-amz-date, Signature="
                        "1840cfd6344cca9eddfca775796e4263f69dc149c1abaef89cbba729948885ac"));
}

class BotocoreSigned : public testing::TestWithParam<Case> {};

TEST_P(BotocoreSigned, IsSignedTheSameHere) {
  const Case& c = GetParam();
  const std::string lines = sign(c);
  EXPECT_THAT(lines, testing::EndsWith("authorization: " + c.authorization + "\r\n"));
}

TEST_P(BotocoreSigned, IsKnownByItsSecretAndByNoOther) {
  const Case& c = GetParam();
  const auto headers = all_headers(c, sign(c));
  EXPECT_TRUE(fits(c, headers, c.keys.value));
  EXPECT_FALSE(fits(c, headers, core::Secret("another")));
}

INSTANTIATE_TEST_SUITE_P(Fixtures, BotocoreSigned, testing::ValuesIn(read_cases()),
                         [](const auto& info) { return std::to_string(info.index); });

TEST(SigV4, TheFixturesHaveThirtyRequests) {
  EXPECT_GE(read_cases().size(), 30U);
}

TEST(SigV4, ASignerTakesNewKeysAndANewDay) {
  Case c = vanilla();
  SigV4 signer(c.scope);
  const std::string first = signer.lines(c.keys, {c.method, c.host, c.path, {}}, {}, c.time);
  c.time += std::chrono::hours(24);
  EXPECT_EQ(signer.lines(c.keys, {c.method, c.host, c.path, {}}, {}, c.time), sign(c));
  c.keys.value = core::Secret("newer");
  EXPECT_EQ(signer.lines(c.keys, {c.method, c.host, c.path, {}}, {}, c.time), sign(c));
  EXPECT_NE(sign(c), first);
}

TEST(SigV4, AChangeOfAnythingSignedIsSeen) {
  Case c = vanilla();
  c.keys.session = core::Secret("session");
  c.headers = {{"content-type", "application/json"}};
  c.path = "/a?b=c";
  c.body = "body";
  const auto headers = all_headers(c, sign(c));
  ASSERT_TRUE(fits(c, headers, c.keys.value));
  for (std::string Case::* part : {&Case::method, &Case::path, &Case::body}) {
    Case changed = c;
    changed.*part += "x";
    EXPECT_FALSE(fits(changed, headers, c.keys.value));
  }
  for (std::size_t i = 0; i + 1 < headers.size(); ++i) {
    auto changed = headers;
    changed[i].second += "x";
    EXPECT_FALSE(fits(c, changed, c.keys.value)) << headers[i].first;
    changed = headers;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(fits(c, changed, c.keys.value)) << headers[i].first;
  }
}

TEST(SigV4, AnythingElseIsNotASignature) {
  for (const char* text :
       {"", "Bearer x", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=, Signature="})
    EXPECT_FALSE(read_signature(text)) << text;
}

}  // namespace
}  // namespace sluice::auth
