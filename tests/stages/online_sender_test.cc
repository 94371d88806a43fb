// What dispatch relies on: each attempt finishes once, never within send() or cancel().
#include "dispatch/online_sender.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>

#include "codec/registry.h"
#include "stages/pack.h"
#include "tests/stages/support.h"

namespace sluice::stages {
namespace {

using provider::Billing;
using provider::Cause;

// Takes connections, where it listens, and never says a word.
class SilentServer {
 public:
  explicit SilentServer(bool listens) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    socklen_t size = sizeof(address);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    if (listens) ::listen(socket_, 16);
  }
  ~SilentServer() { ::close(socket_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  const std::string& url() const { return url_; }

 private:
  int socket_;
  std::string url_;
};

class OnlineSenderTest : public testing::Test, protected dispatch::Sender::Events {
 protected:
  void start(const SilentServer& server) {
    spec_.dispatch.endpoints[0].base_url = server.url();
    question_ = make_question(spec_);
    endpoints_.push_back(dispatch::make_endpoint(spec_.dispatch.endpoints[0], question_->frame));
    auto made = dispatch::make_online_sender({.loop = loop_,
                                              .specs = spec_.dispatch.endpoints,
                                              .endpoints = endpoints_,
                                              .cancels = true,
                                              .clock = clock_,
                                              .events = *this});
    ASSERT_TRUE(made) << made.error().text();
    sender_ = std::move(*made);
  }
  void send(schedule::AttemptId attempt) {
    Request request;
    request.items.push_back(item_of(*question_, "k", "p"));
    build(request, question_->packed);
    calling_ = true;
    schedule::Send send;
    send.request = send.attempt = attempt;
    sender_->send(send, request);
    calling_ = false;
  }
  // Runs the loop until so many have finished.
  void run_until(std::size_t finished) {
    finished_wanted_ = finished;
    if (finished_.size() < finished) loop_.run();
  }
  void finished(const schedule::Send& attempt, provider::Reply&& reply, std::uint64_t) override {
    EXPECT_FALSE(calling_);
    finished_.emplace(attempt.attempt, std::move(reply));
    if (finished_.size() == finished_wanted_) loop_.stop();
  }

  PipelineSpec spec_ = simple_spec(1);
  std::optional<Question> question_;
  core::SystemClock clock_;
  net::Loop loop_;
  std::vector<dispatch::Endpoint> endpoints_;
  std::unique_ptr<dispatch::Sender> sender_;
  std::multimap<schedule::AttemptId, provider::Reply> finished_;
  std::size_t finished_wanted_ = 0;
  bool calling_ = false;
};

TEST_F(OnlineSenderTest, WhereNobodyListensEachFinishesOnceAsUnreachable) {
  const SilentServer server(false);
  start(server);
  for (schedule::AttemptId id = 1; id <= 3; ++id) send(id);
  run_until(3);
  sender_->stop();
  ASSERT_EQ(finished_.size(), 3U);
  for (const auto& [attempt, reply] : finished_) {
    EXPECT_EQ(finished_.count(attempt), 1U);
    EXPECT_EQ(reply.outcome.cause, Cause::unreachable);
    EXPECT_EQ(reply.outcome.contact, provider::Contact::unreachable);
    EXPECT_EQ(reply.outcome.billing, Billing::none);
  }
}

TEST_F(OnlineSenderTest, OneThatIsCancelledWhileItWaitsForKeysIsNeverSent) {
  const SilentServer server(true);
  provider::EndpointSpec& endpoint = spec_.dispatch.endpoints[0];
  endpoint.provider = codec::find_provider("bedrock");
  endpoint.region = "us-east-1";
  endpoint.credentials = core::Secret("AKIDEXAMPLE:secret");
  start(server);
  send(1);
  sender_->cancel(1);
  run_until(1);
  EXPECT_EQ(finished_.find(1)->second.outcome.cause, Cause::cancelled);
  EXPECT_EQ(finished_.find(1)->second.outcome.billing, Billing::none);
}

TEST_F(OnlineSenderTest, OnesThatWaitForKeysFinishWithTheStop) {
  const SilentServer server(true);
  provider::EndpointSpec& endpoint = spec_.dispatch.endpoints[0];
  endpoint.provider = codec::find_provider("bedrock");
  endpoint.region = "us-east-1";
  endpoint.credentials = core::Secret("AKIDEXAMPLE:secret");
  start(server);
  for (schedule::AttemptId id = 1; id <= 3; ++id) send(id);
  sender_->stop();
  EXPECT_EQ(finished_.size(), 3U);
}

TEST_F(OnlineSenderTest, ACancelledOneFinishesOnceAndTheOthersWithTheStop) {
  const SilentServer server(true);
  start(server);
  for (schedule::AttemptId id = 1; id <= 3; ++id) send(id);
  calling_ = true;
  sender_->cancel(2);
  sender_->cancel(2);
  sender_->cancel(99);
  calling_ = false;
  run_until(1);
  ASSERT_EQ(finished_.size(), 1U);
  EXPECT_EQ(finished_.begin()->first, 2U);
  EXPECT_EQ(finished_.begin()->second.outcome.cause, Cause::cancelled);
  sender_->stop();
  ASSERT_EQ(finished_.size(), 3U);
  for (const auto& [attempt, reply] : finished_) {
    EXPECT_EQ(finished_.count(attempt), 1U);
    EXPECT_EQ(reply.outcome.cause, Cause::cancelled);
  }
  sender_->stop();
  EXPECT_EQ(finished_.size(), 3U);
}

TEST_F(OnlineSenderTest, AnAddressThatCannotBeUsedIsAnErrorOfThePipeline) {
  spec_.dispatch.endpoints[0].base_url = "ftp://127.0.0.1";
  const Question question = make_question(spec_);
  endpoints_.push_back(dispatch::make_endpoint(spec_.dispatch.endpoints[0], question.frame));
  const auto made = dispatch::make_online_sender({.loop = loop_,
                                                  .specs = spec_.dispatch.endpoints,
                                                  .endpoints = endpoints_,
                                                  .cancels = false,
                                                  .clock = clock_,
                                                  .events = *this});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, core::ErrorCode::pipeline);
}

}  // namespace
}  // namespace sluice::stages
