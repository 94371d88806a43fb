#include "mock/mock_server.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "codec/registry.h"
#include "core/json.h"
#include "http/client.h"
#include "mock/answerer.h"

namespace sluice::mock {
namespace {

using namespace std::chrono_literals;
using Result = std::expected<http::Response, http::Failure>;

// A mock and a client on one loop, over real loopback.
class MockServerTest : public testing::Test {
 protected:
  void start(Options options) {
    auto mock = MockServer::start(loop_, std::move(options));
    ASSERT_TRUE(mock.has_value()) << mock.error().text();
    mock_ = std::move(*mock);
    http::OriginOptions origin;
    origin.base_url = base_url();
    const auto added = client_.add_origin(origin);
    ASSERT_TRUE(added.has_value()) << added.error().text();
    origin_ = *added;
  }

  std::string base_url() const {
    return "http://127.0.0.1:" + std::to_string(mock_->port()) + "/v1";
  }

  provider::EndpointSpec spec() const {
    provider::EndpointSpec spec;
    spec.base_url = base_url();
    spec.model = "m";
    spec.key = core::Secret("k");
    return spec;
  }

  http::Request request(std::string_view user) const {
    const auto codec = codec::make_codec(spec());
    const provider::BodyFrame frame = codec->frame({});
    std::string body = frame.prefix;
    core::append_json_string(body, user);
    body += frame.suffix;
    std::string headers;
    for (const auto& [name, value] : codec->headers()) headers += name + ": " + value + "\r\n";
    headers += "authorization: Bearer " + spec().key.reveal() + "\r\n";
    http::Request request;
    request.path = codec->path();
    request.headers = std::make_shared<const std::string>(std::move(headers));
    request.body.push_back(std::make_shared<const std::string>(std::move(body)));
    return request;
  }

  provider::Reply read(const Result& result) const {
    if (!result) return {};
    const std::vector<provider::HeaderView> headers(result->headers.begin(), result->headers.end());
    return codec::make_codec(spec())->read(result->status, headers, result->body, core::WallTime());
  }

  // Sends all at once and runs the loop until every one has ended.
  std::vector<Result> send(std::vector<http::Request> requests) {
    std::vector<Result> results(requests.size(), std::unexpected(http::Failure{}));
    std::size_t left = requests.size();
    for (std::size_t i = 0; i < requests.size(); ++i) {
      client_.send(origin_, std::move(requests[i]), [&, i](Result result) {
        results[i] = std::move(result);
        if (--left == 0) loop_.stop();
      });
    }
    loop_.run();
    return results;
  }

  net::Loop loop_;
  std::unique_ptr<MockServer> mock_;
  http::Client client_{loop_};
  std::size_t origin_ = 0;
};

TEST_F(MockServerTest, AnswersOverLoopbackWhatTheAnswererSays) {
  Options options;
  options.rpm = 600;
  options.require_key = core::Secret("k");
  start(std::move(options));
  const auto results = send({request("hello there")});
  const provider::Reply reply = read(results[0]);
  EXPECT_EQ(reply.outcome.action, provider::Action::none);
  EXPECT_EQ(reply.text, free_text_for("hello there", 1));
  EXPECT_EQ(reply.outcome.usage.input, 3u);
  const auto& rpm =
      reply.outcome.hints.quota[static_cast<std::size_t>(provider::Quota::requests_per_minute)];
  EXPECT_EQ(rpm.limit, 600.0);
  EXPECT_EQ(rpm.remaining, 599.0);
  EXPECT_EQ(rpm.reset_after, core::Duration(100ms));
}

TEST_F(MockServerTest, RefusesOverItsQuotaInWordsThatTheCodecUnderstands) {
  Options options;
  options.rpm = 1;
  start(std::move(options));
  const auto results = send({request("a"), request("b")});
  std::vector<provider::Reply> replies = {read(results[0]), read(results[1])};
  if (replies[0].outcome.status == 429) std::swap(replies[0], replies[1]);
  EXPECT_EQ(replies[0].outcome.action, provider::Action::none);
  EXPECT_EQ(replies[1].outcome.action, provider::Action::retry);
  EXPECT_EQ(replies[1].outcome.cause, provider::Cause::rate_limit);
  ASSERT_TRUE(replies[1].outcome.hints.retry_after.has_value());
  EXPECT_GT(*replies[1].outcome.hints.retry_after, core::Duration(30s));
  EXPECT_LE(*replies[1].outcome.hints.retry_after, core::Duration(60s));
}

TEST_F(MockServerTest, AnswersManyAtOnceAfterTheirLatency) {
  Options options;
  options.latency = 30ms;
  start(std::move(options));
  std::vector<http::Request> requests;
  for (int i = 0; i < 50; ++i) requests.push_back(request("row " + std::to_string(i)));
  const core::SystemClock clock;
  const core::Time began = clock.now();
  const auto results = send(std::move(requests));
  EXPECT_GE(clock.now() - began, 30ms);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(read(results[static_cast<std::size_t>(i)]).text,
              free_text_for("row " + std::to_string(i), 1));
  }
  const Stats stats = mock_->stats();
  EXPECT_EQ(stats.answered, 50u);
  EXPECT_EQ(stats.in_flight, 0u);
  EXPECT_GT(stats.max_in_flight, 1u);
  EXPECT_LE(stats.max_in_flight, 50u);
}

TEST_F(MockServerTest, ResetsConnections) {
  Options options;
  options.faults.reset = 1;
  start(std::move(options));
  const auto results = send({request("a")});
  ASSERT_FALSE(results[0].has_value());
  EXPECT_EQ(results[0].error().kind, http::Failure::Kind::reset);
  EXPECT_TRUE(results[0].error().sent);
  EXPECT_FALSE(results[0].error().answering);
  EXPECT_EQ(mock_->stats().resets, 1u);
}

TEST_F(MockServerTest, BreaksOffAnswersThatItBilled) {
  Options options;
  options.faults.cut = 1;
  start(std::move(options));
  const auto results = send({request("a")});
  ASSERT_FALSE(results[0].has_value());
  EXPECT_EQ(results[0].error().kind, http::Failure::Kind::reset);
  EXPECT_TRUE(results[0].error().sent);
  EXPECT_EQ(mock_->stats().answered, 1u);
  EXPECT_GT(mock_->stats().output_tokens, 0u);
}

TEST_F(MockServerTest, LeavesSomeRequestsHangingForEver) {
  Options options;
  options.faults.hang = 1;
  start(std::move(options));
  std::optional<Result> result;
  const http::RequestHandle handle = client_.send(origin_, request("a"), [&](Result r) {
    result = std::move(r);
    loop_.stop();
  });
  // Long enough to be answered in if it were to be; it is the cancelling that ends it.
  const auto timer = loop_.make_timer();
  timer->start(50ms, [&] { client_.cancel(handle); });
  loop_.run();
  ASSERT_TRUE(result.has_value());
  ASSERT_FALSE(result->has_value());
  EXPECT_EQ(result->error().kind, http::Failure::Kind::cancelled);
  EXPECT_EQ(mock_->stats().hangs, 1u);
  EXPECT_EQ(mock_->stats().by_status.size(), 0u);
}

TEST_F(MockServerTest, ShowsItsBooksOverHttp) {
  start(Options{});
  ASSERT_TRUE(send({request("a")})[0].has_value());
  http::OriginOptions root;
  root.base_url = "http://127.0.0.1:" + std::to_string(mock_->port());
  origin_ = client_.add_origin(root).value();
  http::Request show;
  show.method = "GET";
  show.path = "/stats";
  const auto results = send({show});
  ASSERT_TRUE(results[0].has_value());
  EXPECT_EQ(nlohmann::json::parse(results[0]->body).at("requests"), 1);
  EXPECT_EQ(nlohmann::json::parse(results[0]->body).at("by_status").at("200"), 1);
}

TEST_F(MockServerTest, RefusesConnectionsForAsLongAsItIsToldAndThenAnswersAgain) {
  start(Options{});
  const int port = mock_->port();
  ASSERT_TRUE(send({request("a")})[0].has_value());
  const auto answering = origin_;
  http::OriginOptions root;
  root.base_url = "http://127.0.0.1:" + std::to_string(port);
  origin_ = client_.add_origin(root).value();
  http::Request control;
  control.path = "/control";
  control.headers = std::make_shared<const std::string>();
  control.body.push_back(
      std::make_shared<const std::string>(R"({"outage":"refuse","seconds":0.3})"));
  const std::size_t controlling = origin_;
  // Told until a connection is refused, then asked until one is not: no moment is counted on. The
  // control's own connection may be closed before it is answered.
  const auto refuses = [&](std::size_t origin, const http::Request& request) {
    origin_ = origin;
    const Result result = send({request})[0];
    return !result && result.error().kind == http::Failure::Kind::connect;
  };
  while (!refuses(controlling, control) && !refuses(answering, request("b"))) {
  }
  while (refuses(answering, request("c"))) {
  }
  origin_ = answering;
  EXPECT_TRUE(send({request("d")})[0].has_value());
  EXPECT_EQ(mock_->port(), port);
}

TEST_F(MockServerTest, SaysWhyItCannotListen) {
  start(Options{});
  Options same;
  same.port = mock_->port();
  const auto second = MockServer::start(loop_, std::move(same));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, core::ErrorCode::io);
  EXPECT_NE(second.error().text().find(std::to_string(mock_->port())), std::string::npos);
}

// 40 ms until an answer begins, 1 ms a token for each that runs, two at a time.
Options engine_options() {
  Options options;
  options.engine = simulate::Engine{.b = 1, .t = 40, .most_running = 2};
  return options;
}
http::Request to_the_limit(http::Request request, int tokens, bool stream) {
  std::string body = *request.body.front();
  body.insert(1, R"("max_tokens":)" + std::to_string(tokens) + R"(,"ignore_eos":true,)" +
                     (stream ? R"("stream":true,)" : ""));
  request.body = {std::make_shared<const std::string>(std::move(body))};
  return request;
}

TEST_F(MockServerTest, AnEngineIsSlowerTheMoreRequestsRunAndLetsTheRestWait) {
  start(engine_options());
  std::vector<core::Duration> took;
  const core::SystemClock clock;
  const core::Time began = clock.now();
  for (int i = 0; i < 3; ++i) {
    client_.send(origin_, to_the_limit(request("hello"), 51, false), [&](Result result) {
      ASSERT_TRUE(result.has_value());
      EXPECT_EQ(read(result).outcome.usage.output, 51u);
      took.push_back(clock.now() - began);
      if (took.size() == 3) loop_.stop();
    });
  }
  loop_.run();
  // Two at once: 40 ms and 50 tokens of 2 ms; then the third alone, 40 ms and 50 ms. A busy machine sees each of
  // them later, and none sooner.
  EXPECT_GE(took[0], 139ms);
  EXPECT_GE(took[1], 139ms);
  EXPECT_GE(took[2], 139ms + 85ms);
}

TEST_F(MockServerTest, AStreamOfAnEngineBeginsWithItsFirstToken) {
  start(engine_options());
  const core::SystemClock clock;
  const core::Time began = clock.now();
  std::optional<core::Time> first;
  std::string seen;
  http::Request streamed = to_the_limit(request("hello"), 101, true);
  streamed.sink = [&](std::string_view bytes) {
    if (!first) first = clock.now();
    seen += bytes;
    return true;
  };
  const auto results = send({streamed});
  ASSERT_TRUE(results[0].has_value());
  EXPECT_TRUE(seen.ends_with("data: [DONE]\n\n")) << seen;
  ASSERT_TRUE(first);
  EXPECT_GE(*first - began, 39ms);
  EXPECT_GE(clock.now() - *first, 90ms) << "100 tokens of 1 ms";
}

}  // namespace
}  // namespace sluice::mock
