// What the tests of client and server share: a loop that is run until what was asked for has come.
#pragma once

#include <gtest/gtest.h>

#include <expected>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/client.h"
#include "http/server.h"
#include "net/loop.h"
#include "net/name_lookup.h"
#include "sockets.h"

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

// Answers for names as the test says: the same each time, or one after the other, the last for
// good. Of what it was told nothing about it knows nothing.
class StubNames final : public net::NameLookup {
 public:
  using Answer = std::vector<std::string>;  // addresses; none: there is no such name

  void answers(const std::string& host, std::vector<Answer> answers) {
    answers_[host] = std::move(answers);
  }
  void never_answers(const std::string& host) { answers_[host] = {}; }
  int asked() const { return asked_; }

  std::shared_ptr<void> ask(net::Loop& loop, const std::string& host, Done done) override {
    ++asked_;
    auto token = std::make_shared<int>();
    const auto known = answers_.find(host);
    if (known != answers_.end() && known->second.empty()) return token;
    std::vector<sockaddr_storage> addresses;
    if (known != answers_.end()) {
      std::vector<Answer>& left = known->second;
      for (const std::string& ip : left.front()) addresses.push_back(socket_address(ip));
      if (left.size() > 1) left.erase(left.begin());
    }
    const int status = addresses.empty() ? UV_EAI_NONAME : 0;
    loop.post([weak = std::weak_ptr(token), status, addresses, done = std::move(done)] {
      if (weak.lock()) done(status, addresses);
    });
    return token;
  }

 private:
  std::map<std::string, std::vector<Answer>> answers_;
  int asked_ = 0;
};

class HttpTest : public testing::Test {
 protected:
  HttpTest() { names_.answers("localhost", {{"127.0.0.1"}}); }
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
    guard->start(std::chrono::seconds(240), [&] {
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
    if (!client_) client_ = std::make_unique<Client>(loop_, names_);
    return *client_;
  }

  net::Loop loop_;
  StubNames names_;
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
