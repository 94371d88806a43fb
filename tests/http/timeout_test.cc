// Each time limit of a request: what ends it, what does not, and what is known of the request then.
#include <gtest/gtest.h>

#include <semaphore>
#include <thread>

#include "http/client.h"
#include "raw_server.h"
#include "sockets.h"
#include "support.h"

namespace sluice::http {
namespace {

using Kind = Failure::Kind;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

class Timeout : public HttpTest {
 protected:
  // The outcomes of `count` requests that are sent on a connection that has served one before: the
  // first of them is written inside this call's turn of the loop. The loop then stands still until
  // `until` returns: so the test and not the machine decides what the client sees first.
  std::vector<Outcome> ask_on_kept(const OriginOptions& options, std::size_t count,
                                   const std::function<void()>& until) {
    const auto origin = add(options);
    std::vector<Outcome> outcomes;
    ask_until_answered(origin, [&, origin] {
      for (std::size_t i = 0; i < count; ++i) client().send(origin, post("/"), into(outcomes));
      until();
    });
    run_until([&] { return outcomes.size() == count; });
    client_.reset();
    return outcomes;
  }

  // For a request that is not what the test is about: a slow machine may take longer than the limit
  // under test.
  void ask_until_answered(std::size_t origin, std::function<void()> answered) {
    client().send(origin, post("/"),
                  [this, origin, answered = std::move(answered)](Outcome outcome) {
                    if (outcome) return answered();
                    EXPECT_EQ(outcome.error().kind, Kind::timeout) << outcome.error().message;
                    ask_until_answered(origin, answered);
                  });
  }

  // Serves the first request; hands the connection to `second` when it has got the next.
  static RawServer::Script then(std::function<void(RawServer::Peer&)> second) {
    return [second = std::move(second)](RawServer::Peer& peer, int) {
      peer.read_request();
      peer.send(kAnswer);
      if (!peer.read_request().empty()) second(peer);
      peer.read_until_closed();
    };
  }

  static OriginOptions patient(const RawServer& server) {
    OriginOptions options = origin_options(server.url());
    options.max_connections = 1;
    options.connect_timeout = std::chrono::minutes(5);
    options.idle_timeout = std::chrono::minutes(5);
    options.total_timeout = std::chrono::minutes(5);
    return options;
  }
};

TEST_F(Timeout, OfConnectingEndsARequestToAnAddressThatSwallowsPackets) {
  const SilentPort silent;
  OriginOptions options = origin_options("http://127.0.0.1:" + std::to_string(silent.port()));
  options.connect_timeout = milliseconds(80);
  const auto start = Clock::now();
  expect_failure(ask(add(options), post("/")), Kind::timeout, false, false,
                 "within 80 ms (no answer)");
  EXPECT_GE(Clock::now() - start, milliseconds(80));
}

TEST_F(Timeout, OfConnectingCoversTheLookUp) {
  names_.never_answers("slow.test");
  OriginOptions options = origin_options("http://slow.test");
  options.connect_timeout = milliseconds(30);
  expect_failure(ask(add(options), post("/")), Kind::timeout, false, false,
                 "no connection to slow.test within 30 ms (still looking up its name)");
}

TEST_F(Timeout, OfTheFirstByteEndsARequestThatIsNotAnswered) {
  RawServer server(then([](RawServer::Peer&) {}));
  OriginOptions options = patient(server);
  options.first_byte_timeout = milliseconds(60);
  const auto start = Clock::now();
  const auto outcomes = ask_on_kept(options, 1, [] {});
  expect_failure(outcomes.at(0), Kind::timeout, true, false,
                 "no answer had begun 60 ms after the request (first-byte timeout)");
  EXPECT_GE(Clock::now() - start, milliseconds(60));
}

TEST_F(Timeout, OfTheFirstByteFreesTheSlotAtOnce) {
  RawServer server([](RawServer::Peer& peer, int number) {
    peer.read_request();
    if (number == 0) return static_cast<void>(peer.read_until_closed());
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nserved");
  });
  OriginOptions options = patient(server);
  options.first_byte_timeout = milliseconds(100);
  const auto origin = add(options);
  std::vector<Outcome> outcomes;
  bool served = false;
  client().send(origin, post("/stalls"), into(outcomes));
  ask_until_answered(origin, [&] { served = true; });
  run_until([&] { return served; });
  expect_failure(outcomes.at(0), Kind::timeout, true, false, "first-byte timeout");
  EXPECT_GE(client_->counts().connections_opened, 2u);
}

TEST_F(Timeout, OfTheFirstByteIsOverWhenTheAnswerBegins) {
  std::binary_semaphore begun(0);
  RawServer server(then([&](RawServer::Peer& peer) {
    peer.send("HTTP/1.1 2");
    peer.wait_until_there();
    begun.release();
  }));
  OriginOptions options = patient(server);
  options.first_byte_timeout = milliseconds(30);
  options.idle_timeout = milliseconds(90);
  const auto outcomes = ask_on_kept(options, 1, [&] { begun.acquire(); });
  expect_failure(outcomes.at(0), Kind::timeout, true, true, "idle timeout");
}

TEST_F(Timeout, OfTheFirstByteDoesNotRunWhileTheRequestIsBeingWritten) {
  std::binary_semaphore finished(0);
  const RawServer::Options small{.receive_bytes = 64 * 1024};
  RawServer server(small, [&](RawServer::Peer& peer, int) {
    peer.read_bytes(1000);
    finished.acquire();
  });
  OriginOptions options = patient(server);
  options.first_byte_timeout = milliseconds(20);
  const auto origin = add(options);
  std::vector<Outcome> outcomes;
  client().send(origin, post("/", std::string(64'000'000, 'b')), into(outcomes));
  run_until([&] { return client().counts().connections_opened == 1; });
  const auto later = Clock::now() + milliseconds(120);
  run_until([&] { return Clock::now() > later; });
  EXPECT_TRUE(outcomes.empty());
  client_.reset();
  finished.release();
  expect_failure(outcomes.at(0), Kind::cancelled, true, false, "closing");
}

TEST_F(Timeout, OfSilenceEndsARequestBeforeTheAnswer) {
  RawServer server(then([](RawServer::Peer&) {}));
  OriginOptions options = patient(server);
  options.idle_timeout = milliseconds(60);
  const auto start = Clock::now();
  const auto outcomes = ask_on_kept(options, 1, [] {});
  expect_failure(outcomes.at(0), Kind::timeout, true, false, "no byte came for 60 ms");
  EXPECT_GE(Clock::now() - start, milliseconds(60));
}

TEST_F(Timeout, OfSilenceEndsARequestInTheMiddleOfTheAnswer) {
  std::binary_semaphore begun(0);
  RawServer server(then([&](RawServer::Peer& peer) {
    peer.send("HTTP/1.1 200 OK\r\n");
    peer.wait_until_there();
    begun.release();
  }));
  OriginOptions options = patient(server);
  options.idle_timeout = milliseconds(60);
  const auto outcomes = ask_on_kept(options, 1, [&] { begun.acquire(); });
  expect_failure(outcomes.at(0), Kind::timeout, true, true, "idle timeout");
}

TEST_F(Timeout, OfTheWholeEndsAnAnswerThatTricklesForEver) {
  std::binary_semaphore begun(0);
  std::atomic<bool> stop = false;
  RawServer server(then([&](RawServer::Peer& peer) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    peer.wait_until_there();
    begun.release();
    while (!stop && peer.alive()) {
      peer.send(" ");
      std::this_thread::sleep_for(milliseconds(5));
    }
  }));
  OriginOptions options = patient(server);
  options.max_response_bytes = 1'000'000'000;
  options.total_timeout = milliseconds(300);
  const auto origin_start = Clock::now();
  const auto outcomes = ask_on_kept(options, 1, [&] { begun.acquire(); });
  stop = true;
  expect_failure(outcomes.at(0), Kind::timeout, true, true,
                 "the answer was not complete within 300 ms of sending (total timeout)");
  EXPECT_GE(Clock::now() - origin_start, milliseconds(300));
}

TEST_F(Timeout, OfTheWholeEndsARequestThatIsNotAnswered) {
  RawServer server(then([](RawServer::Peer&) {}));
  OriginOptions options = patient(server);
  options.total_timeout = milliseconds(80);
  const auto outcomes = ask_on_kept(options, 1, [] {});
  expect_failure(outcomes.at(0), Kind::timeout, true, false, "no answer within 80 ms");
}

TEST_F(Timeout, OfTheWholeCoversTheWaitForAConnection) {
  const SilentPort silent;
  OriginOptions options = origin_options("http://127.0.0.1:" + std::to_string(silent.port()));
  options.max_connections = 1;
  options.connect_timeout = std::chrono::minutes(5);
  options.total_timeout = milliseconds(80);
  const auto origin = add(options);
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 2; ++i) client().send(origin, post("/"), into(outcomes));
  run_until([&] { return outcomes.size() == 2; });
  for (const Outcome& outcome : outcomes) {
    expect_failure(outcome, Kind::timeout, false, false, "no connection was free within 80 ms");
  }
}

// A stopped process, a machine that sleeps: the limits have passed, and the answers are there.
TEST_F(Timeout, DoesNotTakeForSilentAServerWhoseAnswerWaitsToBeRead) {
  for (const bool first_byte : {true, false}) {
    std::binary_semaphore answered(0);
    RawServer server(then([&](RawServer::Peer& peer) {
      peer.send(kAnswer);
      peer.wait_until_there();
      answered.release();
    }));
    OriginOptions options = patient(server);
    (first_byte ? options.first_byte_timeout.emplace() : options.idle_timeout) = milliseconds(20);
    const auto outcomes = ask_on_kept(options, 1, [&] {
      answered.acquire();
      std::this_thread::sleep_for(milliseconds(60));
    });
    expect_answer(outcomes.at(0), 200, "");
  }
}

}  // namespace
}  // namespace sluice::http
