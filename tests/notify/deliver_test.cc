// Deliveries to a server of this process, by real sockets on loopback.
#include "notify/deliver.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "http/server.h"
#include "net/loop.h"

namespace sluice::notify {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

http::ServerResponse reply(int status,
                           std::vector<std::pair<std::string, std::string>> headers = {}) {
  http::ServerResponse response;
  response.status = status;
  response.headers = std::move(headers);
  return response;
}

// Answers the n-th request, from 1, as `answer` says; without a status, not at all.
class Receiver {
 public:
  using Answer = std::function<http::ServerResponse(std::size_t number)>;
  explicit Receiver(Answer answer) {
    auto server = http::Server::listen(
        loop_, {},
        [this, answer](http::ServerRequest request, std::shared_ptr<http::Responder> to) {
          requests_.push_back(std::move(request));
          const http::ServerResponse response = answer(requests_.size());
          if (response.status == 0) return held_.push_back(std::move(to));
          to->respond(response);
        });
    server_ = std::move(*server);
    port_ = server_->port();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Receiver() { stop(); }
  // Then requests() may be read.
  void stop() {
    if (!thread_.joinable()) return;
    loop_.post([this] {
      held_.clear();
      server_.reset();
    });
    loop_.stop();
    thread_.join();
  }
  const std::vector<http::ServerRequest>& requests() const { return requests_; }
  Webhook webhook() const {
    return {parse_address(fmt::format("http://127.0.0.1:{}/hook/PATH?token=QUERY", port_)).value(),
            "key"};
  }

 private:
  net::Loop loop_;
  std::vector<http::ServerRequest> requests_;  // the loop's thread's, until stop()
  std::vector<std::shared_ptr<http::Responder>> held_;
  std::unique_ptr<http::Server> server_;
  int port_ = 0;
  std::thread thread_;
};

const Message kMessage{"msg_1", R"({"type":"sluice.run.finished"})"};
constexpr Patience kQuick{.first_delay = 1ms, .most_asked = 5ms, .whole = 20s, .one = 5s};

TEST(Deliver, PostsTheSignedMessageToPathAndQueryOnce) {
  Receiver receiver([](std::size_t) { return reply(204); });
  EXPECT_TRUE(deliver(receiver.webhook(), kMessage, kQuick, {}).has_value());
  receiver.stop();
  ASSERT_EQ(receiver.requests().size(), 1u);
  const http::ServerRequest& request = receiver.requests().front();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/hook/PATH?token=QUERY");
  EXPECT_EQ(request.body, kMessage.body);
  EXPECT_EQ(request.headers.find("content-type"), "application/json");
  EXPECT_EQ(request.headers.find("webhook-id"), "msg_1");
  const auto seconds = std::stoll(std::string(*request.headers.find("webhook-timestamp")));
  EXPECT_EQ(request.headers.find("webhook-signature"), signature_of("key", kMessage, seconds));
}

TEST(Deliver, SendsAgainUnderTheSameIdWhatTheServerCannotTakeNow) {
  Receiver receiver([](std::size_t number) {
    if (number == 1) return reply(503, {{"Retry-After", "9"}});
    return reply(number == 2 ? 429 : 200);
  });
  EXPECT_TRUE(deliver(receiver.webhook(), kMessage, kQuick, {}).has_value());
  receiver.stop();
  ASSERT_EQ(receiver.requests().size(), 3u);
  for (const http::ServerRequest& request : receiver.requests()) {
    EXPECT_EQ(request.headers.find("webhook-id"), "msg_1");
    EXPECT_EQ(request.body, kMessage.body);
  }
}

TEST(Deliver, EndsAfterFiveAttempts) {
  Receiver receiver([](std::size_t) { return reply(500); });
  const auto status = deliver(receiver.webhook(), kMessage, kQuick, {});
  ASSERT_FALSE(status.has_value());
  EXPECT_THAT(status.error().message, HasSubstr(": HTTP 500 (sent 5 times)"));
  receiver.stop();
  EXPECT_EQ(receiver.requests().size(), 5u);
}

TEST(Deliver, TakesAnotherRefusalForTheLastWordAndShowsNoPath) {
  for (const int refusal : {400, 404, 410, 307}) {
    Receiver receiver([&](std::size_t) { return reply(refusal, {{"Location", "/other"}}); });
    const Webhook webhook = receiver.webhook();
    const auto status = deliver(webhook, kMessage, kQuick, {});
    ASSERT_FALSE(status.has_value());
    EXPECT_THAT(status.error().message,
                testing::StartsWith(fmt::format("{}: HTTP {}", webhook.address.origin, refusal)));
    EXPECT_THAT(status.error().message, Not(HasSubstr("PATH")));
    EXPECT_THAT(status.error().message, Not(HasSubstr("QUERY")));
    receiver.stop();
    EXPECT_EQ(receiver.requests().size(), 1u) << refusal;
  }
}

TEST(Deliver, TriesAServerAgainThatIsNotThere) {
  int port = 0;
  {
    Receiver gone([](std::size_t) { return http::ServerResponse(); });
    port = std::stoi(gone.webhook().address.origin.substr(std::string("http://127.0.0.1:").size()));
  }
  const Webhook webhook{parse_address(fmt::format("http://127.0.0.1:{}/x", port)).value(), ""};
  const auto status = deliver(webhook, kMessage, kQuick, {});
  ASSERT_FALSE(status.has_value());
  EXPECT_THAT(status.error().message, HasSubstr("(sent 5 times)"));
}

TEST(Deliver, EndsWithItsWholeTime) {
  Receiver receiver([](std::size_t) { return reply(0); });
  const auto status =
      deliver(receiver.webhook(), kMessage, {.first_delay = 1ms, .whole = 50ms, .one = 20s}, {});
  ASSERT_FALSE(status.has_value());
  EXPECT_THAT(status.error().message, HasSubstr("no answer within"));
}

TEST(Deliver, EndsWhenItIsInterrupted) {
  std::stop_source stop;
  Receiver receiver([&](std::size_t) {
    stop.request_stop();
    return reply(0);
  });
  const auto status = deliver(receiver.webhook(), kMessage, {}, stop.get_token());
  ASSERT_FALSE(status.has_value());
  EXPECT_THAT(status.error().message, HasSubstr("interrupted (sent 1 time)"));
}

}  // namespace
}  // namespace sluice::notify
