#include "notify/webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::notify {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

// The vector that the libraries of Standard Webhooks test themselves with.
const core::Secret kSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
const Message kExample{"msg_p5jXN8AQM9LWM0D4loKWxJek", R"({"test": 2432232314})"};
constexpr std::int64_t kSeconds = 1614265330;
constexpr std::string_view kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

TEST(Signature, IsThatOfTheSchemesExample) {
  const auto key = signing_key(kSecret);
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(signature_of(*key, kExample, kSeconds), kSignature);
}

TEST(SigningKey, IsTheBytesOfASecretWithoutTheMark) {
  EXPECT_EQ(signing_key(core::Secret("any text")).value(), "any text");
  EXPECT_EQ(signing_key(core::Secret()).value(), "");
}

TEST(SigningKey, NeedsBase64BehindTheMark) {
  for (const char* text : {"whsec_", "whsec_no base64", "whsec_YQ"}) {
    const auto key = signing_key(core::Secret(text));
    ASSERT_FALSE(key.has_value()) << text;
    EXPECT_EQ(key.error().message, "begins with whsec_, and what follows is not base64");
  }
}

TEST(HeaderLines, HaveTheThreeOfTheSchemeAndTheAttemptsTime) {
  const Webhook webhook{{"https://example.com", "/x"}, signing_key(kSecret).value()};
  const core::WallTime now{std::chrono::seconds(kSeconds) + 900ms};
  EXPECT_EQ(header_lines(webhook, kExample, now),
            "content-type: application/json\r\nwebhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\n"
            "webhook-timestamp: 1614265330\r\nwebhook-signature: " +
                std::string(kSignature) + "\r\n");
  EXPECT_THAT(header_lines({webhook.address, ""}, kExample, now), Not(HasSubstr("signature")));
}

TEST(Payload, HasTypeTimeAndData) {
  EXPECT_EQ(payload("sluice.run.finished", core::WallTime(1796000461s), R"({"exit":0})"),
            R"({"type":"sluice.run.finished","timestamp":"2026-11-30T01:01:01Z",)"
            R"("data":{"exit":0}})");
}

TEST(ParseAddress, KeepsPathAndQueryApartFromWhatMayBeShown) {
  struct Case {
    std::string_view text, origin, target;
    bool in_clear;
  };
  for (const Case& one :
       {Case{"https://Example.com/a/b?token=x#top", "https://example.com", "/a/b?token=x", false},
        Case{"https://example.com", "https://example.com", "/", false},
        Case{"https://example.com:8443?q", "https://example.com:8443", "/?q", false},
        Case{"http://127.0.0.1:8080/x", "http://127.0.0.1:8080", "/x", false},
        Case{"http://localhost/x", "http://localhost", "/x", false},
        Case{"http://example.com/x", "http://example.com", "/x", true},
        Case{"http://[::1]:80/x", "http://[::1]", "/x", false}}) {
    const auto address = parse_address(one.text);
    ASSERT_TRUE(address.has_value()) << one.text;
    EXPECT_EQ(address->origin, one.origin);
    EXPECT_EQ(address->target, one.target);
    EXPECT_EQ(address->in_clear, one.in_clear) << one.text;
  }
}

TEST(ParseAddress, SaysWhatAnAddressIsWithoutShowingIt) {
  for (const char* text : {"", "secret", "ftp://secret/x", "https://", "https://me:secret@host/x",
                           "https://host/a secret", "https://host:0/secret"}) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address.has_value()) << text;
    EXPECT_EQ(address.error().message,
              "must be an address: https://HOST/PATH, without a user name");
    EXPECT_EQ(address.error().code, core::ErrorCode::pipeline);
  }
}

TEST(IsPassing, HoldsFor408And429And5xx) {
  for (const int status : {408, 429, 500, 502, 503, 504, 599}) EXPECT_TRUE(is_passing(status));
  for (const int status : {301, 400, 401, 403, 404, 410, 413, 422})
    EXPECT_FALSE(is_passing(status));
}

TEST(NextDelay, DoublesFromASecondAndEndsWithTheFifthAttempt) {
  for (const auto& [attempts, delay] : {std::pair{1, 1s}, {2, 2s}, {3, 4s}, {4, 8s}})
    EXPECT_EQ(next_delay({}, attempts, 0s, std::nullopt), delay);
  EXPECT_EQ(next_delay({}, 5, 0s, std::nullopt), std::nullopt);
}

TEST(NextDelay, IsAsLongAsTheServerAsksUpToThirtySeconds) {
  EXPECT_EQ(next_delay({}, 1, 0s, 7s), 7s);
  EXPECT_EQ(next_delay({}, 1, 0s, 1h), 30s);
  EXPECT_EQ(next_delay({}, 4, 0s, 1s), 8s) << "never sooner than by itself";
}

TEST(NextDelay, IsNoneWhereTheWholeTimeWouldBeOver) {
  EXPECT_EQ(next_delay({}, 1, 58s, std::nullopt), 1s);
  EXPECT_EQ(next_delay({}, 1, 59s, std::nullopt), std::nullopt);
}

TEST(AskedWait, ReadsSecondsAndDates) {
  const core::WallTime now(1796000461s);
  EXPECT_EQ(asked_wait("3", now), 3s);
  EXPECT_EQ(asked_wait("Mon, 30 Nov 2026 01:01:11 GMT", now), 10s);
  EXPECT_EQ(asked_wait("", now), std::nullopt);
  EXPECT_EQ(asked_wait("soon", now), std::nullopt);
}

}  // namespace
}  // namespace sluice::notify
