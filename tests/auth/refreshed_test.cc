#include "auth/refreshed.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/server.h"
#include "net/loop.h"

namespace sluice::auth {
namespace {

using std::chrono::seconds;

// Asks the server once for each token; what comes is its value, good for `life`.
class PlainSource final : public TokenSource {
 public:
  PlainSource(std::string url, core::Duration life, bool direct)
      : url_(std::move(url)), life_(life), direct_(direct) {}
  TokenStep begin(core::WallTime) override {
    return TokenCall{"POST", url_, "/token", {{"a", "b"}}, "body", direct_, "look elsewhere"};
  }
  TokenStep answered(int status, std::string_view body, std::string_view,
                     core::WallTime now) override {
    if (status != 200) return TokenFailure{status < 500, fmt::format("HTTP {}", status)};
    return Token{.value = core::Secret(std::string(body)),
                 .key_id = {},
                 .session = {},
                 .expires = now + life_};
  }

 private:
  std::string url_;
  core::Duration life_;
  bool direct_;
};

class RefreshedTest : public testing::Test {
 protected:
  RefreshedTest() {
    server_ =
        *http::Server::listen(loop_, {}, [this](const http::ServerRequest&, const auto& responder) {
          ++exchanges_;
          responder->respond(
              {.status = status_, .headers = {}, .body = fmt::format("t{}", exchanges_)});
        });
  }
  void make(core::Duration life, bool direct = false, const std::string& proxy = "") {
    credentials_ =
        make_refreshed({.loop = loop_,
                        .clock = clock_,
                        .source = std::make_unique<PlainSource>(
                            fmt::format("http://127.0.0.1:{}", server_->port()), life, direct),
                        .head = "h: v\r\n",
                        .ca_file = {},
                        .proxy = core::Secret(proxy)});
  }
  std::string proof() {
    const auto proof = credentials_->prove({}, clock_.wall_now());
    return proof ? *proof->headers : "";
  }
  std::uint64_t token() { return credentials_->prove({}, clock_.wall_now())->token; }
  // So many ask for a token at once; the outcomes that they were told.
  std::vector<std::optional<provider::Outcome>> refresh(int times) {
    std::vector<std::optional<provider::Outcome>> told;
    bool within = true;
    for (int i = 0; i < times; ++i)
      credentials_->refresh([&, times](const auto& outcome) {
        EXPECT_FALSE(within);
        told.push_back(outcome);
        if (std::cmp_equal(told.size(), times)) loop_.stop();
      });
    within = false;
    loop_.run();
    return told;
  }

  core::ManualClock clock_;
  net::Loop loop_;
  std::unique_ptr<http::Server> server_;
  int exchanges_ = 0;
  int status_ = 200;
  std::unique_ptr<Credentials> credentials_;
};

TEST_F(RefreshedTest, OneExchangeServesAllWhoWait) {
  make(seconds(3600));
  EXPECT_EQ(proof(), "");
  EXPECT_EQ(refresh(100).size(), 100U);
  EXPECT_EQ(exchanges_, 1);
  EXPECT_EQ(proof(), "h: v\r\nauthorization: Bearer t1\r\n");
}

TEST_F(RefreshedTest, ATokenIsUsedUntilShortlyBeforeItExpires) {
  make(seconds(3600));
  refresh(1);
  clock_.advance(seconds(3600 - 226));
  EXPECT_NE(proof(), "");
  clock_.advance(seconds(2));
  EXPECT_EQ(proof(), "");
  refresh(1);
  EXPECT_EQ(proof(), "h: v\r\nauthorization: Bearer t2\r\n");
}

TEST_F(RefreshedTest, AShortLivedOneUntilAQuarterOfItsLifeIsLeft) {
  make(seconds(8));
  refresh(1);
  clock_.advance(seconds(5));
  EXPECT_NE(proof(), "");
  clock_.advance(seconds(2));
  EXPECT_EQ(proof(), "");
}

TEST_F(RefreshedTest, ARefusedTokenIsNeverUsedAgain) {
  make(seconds(3600));
  refresh(1);
  const std::uint64_t first = token();
  credentials_->accepted(first);
  EXPECT_TRUE(credentials_->refused(first));
  EXPECT_EQ(proof(), "");
  refresh(1);
  EXPECT_EQ(exchanges_, 2);
  // Another request that had gone with the old one: it may go with the new one.
  EXPECT_TRUE(credentials_->refused(first));
  EXPECT_EQ(proof(), "h: v\r\nauthorization: Bearer t2\r\n");
}

TEST_F(RefreshedTest, ANewTokenThatIsRefusedAtOnceIsTheEnd) {
  make(seconds(3600));
  refresh(1);
  EXPECT_TRUE(credentials_->refused(token()));
  refresh(1);
  EXPECT_FALSE(credentials_->refused(token()));
}

TEST_F(RefreshedTest, WhoWaitsIsToldWhyNoneCame) {
  make(seconds(3600));
  status_ = 503;
  for (const auto& outcome : refresh(2)) {
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->action, provider::Action::retry);
    EXPECT_EQ(outcome->billing, provider::Billing::none);
  }
  status_ = 400;
  const auto told = refresh(1);
  EXPECT_EQ(told.at(0)->action, provider::Action::stop);
  EXPECT_EQ(told.at(0)->cause, provider::Cause::auth);
  status_ = 200;
  refresh(1);
  EXPECT_NE(proof(), "");
}

TEST_F(RefreshedTest, OneThatIsDeadOnArrivalBlamesTheClock) {
  make(-seconds(1));
  const auto told = refresh(1);
  EXPECT_THAT(told.at(0)->message, testing::HasSubstr("clock"));
}

TEST_F(RefreshedTest, TheExchangeGoesByTheEndpointsProxyUnlessItIsOfTheMachinesOwnNetwork) {
  constexpr const char* kNobody = "http://127.0.0.1:1";
  make(seconds(3600), false, kNobody);
  const auto told = refresh(1);
  EXPECT_EQ(told.at(0)->contact, provider::Contact::unreachable);
  EXPECT_THAT(told.at(0)->message, testing::EndsWith("; look elsewhere"));
  EXPECT_EQ(exchanges_, 0);
  make(seconds(3600), true, kNobody);
  EXPECT_EQ(refresh(1).at(0), std::nullopt);
  EXPECT_EQ(exchanges_, 1);
}

TEST_F(RefreshedTest, WhenItGoesAwayNobodyIsTold) {
  make(seconds(3600));
  bool told = false;
  credentials_->refresh([&](const auto&) { told = true; });
  credentials_.reset();
  loop_.post([this] { loop_.stop(); });
  loop_.run();
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace sluice::auth
