// Which connection a request gets, and when.
#include <gtest/gtest.h>

#include <algorithm>
#include <semaphore>

#include "http/client.h"
#include "raw_server.h"
#include "support.h"

namespace sluice::http {
namespace {

class Pool : public HttpTest {
 protected:
  std::unique_ptr<Server> listen(Handler handler) {
    auto server = Server::listen(loop_, {}, std::move(handler));
    EXPECT_TRUE(server.has_value()) << (server ? "" : server.error().text());
    return std::move(*server);
  }
};

TEST_F(Pool, KeepsAConnectionForTheNextRequest) {
  const auto server = listen([](ServerRequest request, std::shared_ptr<Responder> responder) {
    ServerResponse response;
    response.body = request.target + request.body;
    responder->respond(response);
  });
  const auto origin = add(url_of(*server));
  for (int i = 0; i < 50; ++i) {
    const std::string body = std::to_string(i);
    expect_answer(ask(origin, post("/x", body)), 200, "/x" + body);
  }
  EXPECT_EQ(client_->counts().connections_opened, 1u);
}

TEST_F(Pool, ServesWaitingRequestsInOrderOnNoMoreThanMaxConnections) {
  std::vector<std::shared_ptr<Responder>> held;
  std::vector<std::string> order;
  const auto server = listen([&](ServerRequest request, std::shared_ptr<Responder> responder) {
    order.push_back(request.target);
    held.push_back(std::move(responder));
  });
  OriginOptions options = origin_options(url_of(*server));
  options.max_connections = 3;
  const auto origin = add(options);
  std::vector<Outcome> outcomes;
  std::vector<std::string> expected;
  for (int i = 0; i < 9; ++i) {
    expected.push_back("/" + std::to_string(i));
    client().send(origin, post(expected.back()), into(outcomes));
  }
  run_until([&] { return held.size() == 3; });
  EXPECT_TRUE(std::is_permutation(order.begin(), order.end(), expected.begin()));
  while (outcomes.size() < 9) {
    const std::size_t before = order.size();
    const std::size_t ended = outcomes.size();
    const auto responder = held.front();
    held.erase(held.begin());
    responder->respond({});
    run_until([&] {
      return outcomes.size() == ended + 1 && (order.size() > before || order.size() == 9);
    });
    ASSERT_LE(held.size(), 3u);
  }
  EXPECT_EQ(std::vector<std::string>(order.begin() + 3, order.end()),
            std::vector<std::string>(expected.begin() + 3, expected.end()));
  EXPECT_EQ(client_->counts().connections_opened, 3u);
}

TEST_F(Pool, NoticesThatTheServerHasClosedAnIdleConnection) {
  RawServer server([&](RawServer::Peer& peer, int number) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(number));
  });
  const auto origin = add(server.url());
  for (int i = 0; i < 5; ++i) {
    expect_answer(ask(origin, post("/")), 200, std::to_string(i));
    run_until([&] { return client().counts().connections_open == 0; });
  }
  EXPECT_EQ(client_->counts().connections_opened, 5u);
}

// The end has come and the loop has not looked yet: the request must go elsewhere, unharmed.
TEST_F(Pool, ReplacesAConnectionThatHasEndedUnseen) {
  for (const bool reset : {false, true}) {
    std::binary_semaphore answered(0);
    RawServer server([&](RawServer::Peer& peer, int number) {
      peer.read_request();
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(number));
      if (number > 0) return static_cast<void>(peer.read_until_closed());
      answered.acquire();
      reset ? peer.reset() : peer.close();
    });
    const auto origin = add(server.url());
    std::vector<Outcome> outcomes;
    client().send(origin, post("/"), [&](Outcome first) {
      expect_answer(first, 200, "0");
      answered.release();
      wait_until_ended(server.port());
      client().send(origin, post("/"), into(outcomes));
    });
    run_until([&] { return !outcomes.empty(); });
    expect_answer(outcomes.at(0), 200, "1");
    client_.reset();
  }
}

TEST_F(Pool, DoesNotReuseAConnectionThatSaysClose) {
  std::atomic<bool> closed_by_client = true;
  RawServer server([&](RawServer::Peer& peer, int) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    if (!peer.read_until_closed()) closed_by_client = false;
  });
  const auto origin = add(server.url());
  for (int i = 0; i < 3; ++i) expect_answer(ask(origin, post("/")), 200, "");
  EXPECT_EQ(client_->counts().connections_opened, 3u);
  EXPECT_TRUE(closed_by_client);
}

TEST_F(Pool, DoesNotReuseAConnectionThatSaysMoreThanWasAsked) {
  RawServer server([&](RawServer::Peer& peer, int number) {
    peer.read_request();
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
    peer.send(answer + std::to_string(number) + answer + "X");
    peer.read_until_closed();
  });
  const auto origin = add(server.url());
  for (int i = 0; i < 3; ++i) expect_answer(ask(origin, post("/")), 200, std::to_string(i));
  EXPECT_EQ(client_->counts().connections_opened, 3u);
}

TEST_F(Pool, PrefersTheMostRecentlyUsedConnection) {
  std::vector<std::pair<std::string, std::shared_ptr<Responder>>> asked;
  const auto server = listen([&](ServerRequest request, std::shared_ptr<Responder> responder) {
    asked.emplace_back(request.target, std::move(responder));
  });
  const auto origin = add(url_of(*server));
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 8; ++i) client().send(origin, post("/"), into(outcomes));
  run_until([&] { return asked.size() == 8; });
  for (auto& [target, responder] : asked) responder->respond({});
  run_until([&] { return outcomes.size() == 8; });
  // Of eight idle connections one goes on being used: the others can be let go.
  asked.clear();
  for (int i = 0; i < 5; ++i) {
    client().send(origin, post("/"), into(outcomes));
    run_until([&] { return asked.size() == 1; });
    asked[0].second->respond({});
    asked.clear();
    run_until([&] { return outcomes.size() == 9 + static_cast<std::size_t>(i); });
  }
  EXPECT_EQ(client_->counts().connections_opened, 8u);
}

TEST_F(Pool, AFailedConnectionFailsOneRequestAndTheOthersGoOn) {
  RawServer server([&](RawServer::Peer& peer, int number) {
    if (number == 1) return peer.reset();
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
  OriginOptions options = origin_options(server.url());
  options.max_connections = 1;
  const auto origin = add(options);
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 4; ++i) client().send(origin, post("/"), into(outcomes));
  run_until([&] { return outcomes.size() == 4; });
  const auto failed = std::count_if(outcomes.begin(), outcomes.end(),
                                    [](const Outcome& outcome) { return !outcome.has_value(); });
  EXPECT_EQ(failed, 1);
}

TEST_F(Pool, AnswersEachOfManyRequestsExactlyOnce) {
  const auto server = listen([](ServerRequest request, std::shared_ptr<Responder> responder) {
    ServerResponse response;
    response.body = request.body;
    responder->respond(response);
  });
  OriginOptions options = origin_options(url_of(*server));
  options.max_connections = 100;
  const auto origin = add(options);
  constexpr int kRequests = 2000;
  std::vector<int> answers(kRequests, 0);
  int ended = 0;
  for (int i = 0; i < kRequests; ++i) {
    client().send(origin, post("/", std::to_string(i)), [&, i](Outcome outcome) {
      ++ended;
      if (outcome && outcome->body == std::to_string(i)) ++answers[static_cast<std::size_t>(i)];
    });
  }
  EXPECT_EQ(ended, 0) << "callbacks never run inside send()";
  run_until([&] { return ended == kRequests && client().counts().connections_opened >= 100; });
  EXPECT_EQ(answers, std::vector<int>(kRequests, 1));
  EXPECT_EQ(client_->counts().connections_opened, 100u);
}

TEST_F(Pool, ACallbackMaySendTheNextRequest) {
  const auto server =
      listen([](ServerRequest, std::shared_ptr<Responder> responder) { responder->respond({}); });
  const auto origin = add(url_of(*server));
  int answered = 0;
  std::function<void(Outcome)> next = [&](Outcome outcome) {
    ASSERT_TRUE(outcome.has_value());
    if (++answered < 1000) client().send(origin, post("/"), next);
  };
  client().send(origin, post("/"), next);
  run_until([&] { return answered == 1000; });
  EXPECT_EQ(client_->counts().connections_opened, 1u);
}

}  // namespace
}  // namespace sluice::http
