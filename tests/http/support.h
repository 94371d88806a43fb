// What the tests of client and server share: a loop that is run until what was asked for has come.
#pragma once

#include <gtest/gtest.h>

#include <expected>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/client.h"
#include "http/loop.h"
#include "http/server.h"

namespace sluice::http {

using Outcome = std::expected<Response, Failure>;

inline Request post(std::string path, std::string body = "{}") {
  Request request;
  request.path = std::move(path);
  request.body.push_back(std::make_shared<const std::string>(std::move(body)));
  return request;
}

inline Request get(std::string path) {
  Request request;
  request.method = "GET";
  request.path = std::move(path);
  return request;
}

inline OriginOptions origin_options(std::string url) {
  OriginOptions options;
  options.base_url = std::move(url);
  return options;
}

class HttpTest : public testing::Test {
 protected:
  ~HttpTest() override { client_.reset(); }

  std::size_t add(const OriginOptions& options) {
    auto origin = client().add_origin(options);
    EXPECT_TRUE(origin.has_value()) << (origin ? "" : origin.error().text());
    return origin.value_or(0);
  }
  std::size_t add(const std::string& url) { return add(origin_options(url)); }

  // Runs the loop until `done()`, or fails after far longer than any test may take.
  template <class Done>
  void run_until(Done done) {
    auto guard = loop_.make_timer();
    guard->start(std::chrono::seconds(60), [&] {
      ADD_FAILURE() << "the loop has nothing more to say";
      loop_.stop();
    });
    auto look = loop_.make_timer();
    std::function<void()> again = [&] {
      if (done()) {
        loop_.stop();
      } else {
        look->start(std::chrono::milliseconds(1), again);
      }
    };
    again();
    loop_.run();
  }

  Outcome ask(std::size_t origin, Request request) {
    std::vector<Outcome> outcomes;
    client().send(origin, std::move(request), into(outcomes));
    run_until([&] { return !outcomes.empty(); });
    if (outcomes.empty()) return std::unexpected(Failure{});
    return std::move(outcomes.front());
  }

  static Callback into(std::vector<Outcome>& outcomes) {
    return [&outcomes](Outcome outcome) { outcomes.push_back(std::move(outcome)); };
  }

  Client& client() {
    if (!client_) client_ = std::make_unique<Client>(loop_);
    return *client_;
  }

  Loop loop_;
  std::unique_ptr<Client> client_;
};

inline void expect_failure(const Outcome& outcome, Failure::Kind kind, bool sent, bool answering,
                           const std::string& words) {
  ASSERT_FALSE(outcome.has_value()) << outcome->status << " " << outcome->body;
  EXPECT_EQ(outcome.error().kind, kind) << outcome.error().message;
  EXPECT_EQ(outcome.error().sent, sent) << outcome.error().message;
  EXPECT_EQ(outcome.error().answering, answering) << outcome.error().message;
  EXPECT_NE(outcome.error().message.find(words), std::string::npos) << outcome.error().message;
}

inline void expect_answer(const Outcome& outcome, int status, const std::string& body) {
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  EXPECT_EQ(outcome->status, status);
  EXPECT_EQ(outcome->body, body);
}

// "http://127.0.0.1:PORT" of a server.
inline std::string url_of(const Server& server) {
  return "http://127.0.0.1:" + std::to_string(server.port());
}

}  // namespace sluice::http
