// What a request may come to, and what is known of it then: `sent` and `answering` decide whether a
// row may have been paid for.
#include <gtest/gtest.h>

#include <semaphore>

#include "deflated.h"
#include "http/client.h"
#include "raw_server.h"
#include "sockets.h"
#include "support.h"

namespace sluice::http {
namespace {

using Kind = Failure::Kind;

class ClientFailure : public HttpTest {
 protected:
  // The outcome of a request to a server that reads it and then says `answer` and hangs up.
  Outcome ask_one_that_says(const std::string& answer, std::size_t max_bytes = 1'000'000) {
    RawServer server([&](RawServer::Peer& peer, int) {
      peer.read_request();
      peer.send(answer);
      peer.read_until_closed();
    });
    OriginOptions options = origin_options(server.url());
    options.max_response_bytes = max_bytes;
    Outcome outcome = ask(add(options), post("/"));
    client_.reset();
    return outcome;
  }
};

TEST_F(ClientFailure, RefusedConnection) {
  const RefusingPort refusing;
  const std::string where = "127.0.0.1:" + std::to_string(refusing.port());
  expect_failure(ask(add("http://" + where), post("/")), Kind::connect, false, false,
                 "cannot connect to " + where + ": connection refused");
}

TEST_F(ClientFailure, ResetBeforeTheAnswer) {
  RawServer server([](RawServer::Peer& peer, int) {
    peer.read_request();
    peer.reset();
  });
  expect_failure(ask(add(server.url()), post("/")), Kind::reset, true, false,
                 "reset the connection before it answered");
}

TEST_F(ClientFailure, ClosedBeforeTheAnswer) {
  RawServer server([](RawServer::Peer& peer, int) { peer.read_request(); });
  expect_failure(ask(add(server.url()), post("/")), Kind::reset, true, false,
                 "closed the connection before it answered");
}

// Whether the client sees the reset with the bytes before it or later: the second answer would be
// whole if the connection had been closed.
TEST_F(ClientFailure, ResetInTheMiddleOfTheAnswer) {
  for (const std::string part :
       {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "HTTP/1.1 200 OK\r\n\r\nhalf"}) {
    for (const bool together : {true, false}) {
      std::binary_semaphore over(0);
      RawServer server([&](RawServer::Peer& peer, int number) {
        peer.read_request();
        if (number == 0) {
          peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
          peer.read_request();
        }
        peer.send(part);
        peer.wait_until_there();
        peer.reset();
        over.release();
      });
      const auto origin = add(server.url());
      std::vector<Outcome> outcomes;
      client().send(origin, post("/"), [&](Outcome first) {
        expect_answer(first, 200, "");
        client().send(origin, post("/"), into(outcomes));
        if (!together) return;
        over.acquire();
        wait_until_ended(server.port());
      });
      run_until([&] { return !outcomes.empty(); });
      expect_failure(outcomes.at(0), Kind::reset, true, true,
                     "reset the connection in the middle of the answer");
      client_.reset();
    }
  }
}

TEST_F(ClientFailure, ClosedInTheMiddleOfTheAnswer) {
  for (const std::string part :
       {"H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
    RawServer server([&](RawServer::Peer& peer, int) {
      peer.read_request();
      peer.send(part);
    });
    expect_failure(ask(add(server.url()), post("/")), Kind::reset, true, true,
                   "closed the connection in the middle of the answer");
  }
}

TEST_F(ClientFailure, MalformedAnswer) {
  for (const std::string answer :
       {"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"}) {
    expect_failure(ask_one_that_says(answer), Kind::protocol, true, true, "malformed answer");
  }
}

TEST_F(ClientFailure, EndlessHeaders) {
  expect_failure(ask_one_that_says("HTTP/1.1 200 OK\r\nA: " + std::string(300'000, 'x')),
                 Kind::protocol, true, true, "KiB of headers");
}

TEST_F(ClientFailure, AnswerLargerThanAllowed) {
  const std::string body(1001, 'x');
  expect_failure(ask_one_that_says("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", 1000),
                 Kind::too_large, true, true, "more than 1000 bytes");
  expect_failure(
      ask_one_that_says(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + body + "\r\n", 1000),
      Kind::too_large, true, true, "more than 1000 bytes");
  expect_failure(ask_one_that_says("HTTP/1.1 200 OK\r\n\r\n" + body, 1000), Kind::too_large, true,
                 true, "more than 1000 bytes");
}

TEST_F(ClientFailure, AnswerThatInflatesToMoreThanAllowed) {
  const std::string bomb = deflated(std::string(50'000'000, 'x'), kGzipFormat);
  ASSERT_LT(bomb.size(), 100'000u);
  expect_failure(ask_one_that_says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                                   std::to_string(bomb.size()) + "\r\n\r\n" + bomb),
                 Kind::too_large, true, true, "more than 1000000 bytes");
}

TEST_F(ClientFailure, AnswerWhoseCompressionIsWrong) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: ";
  expect_failure(ask_one_that_says(head + "gzip\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), Kind::protocol,
                 true, true, "compression is damaged");
  expect_failure(ask_one_that_says(head + "gzip\r\n\r\n3\r\n\x1f\x8b\x08\r\n0\r\n\r\n"),
                 Kind::protocol, true, true, "compression ends too early");
  expect_failure(ask_one_that_says(head + "br\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), Kind::protocol,
                 true, true, "content encoding not asked for");
}

TEST_F(ClientFailure, CancelledWhileWaitingAndWhileOnTheWire) {
  std::atomic<int> closed = 0;
  RawServer server([&](RawServer::Peer& peer, int number) {
    if (number == 0) {
      peer.read_request();
      if (peer.read_until_closed()) ++closed;
    } else {
      peer.read_request();
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthird");
    }
  });
  OriginOptions options = origin_options(server.url());
  options.max_connections = 1;
  const auto origin = add(options);
  std::vector<Outcome> outcomes(3, std::unexpected(Failure{}));
  int ended = 0;
  std::vector<RequestHandle> handles;
  for (std::size_t i = 0; i < 3; ++i) {
    handles.push_back(client().send(origin, post("/"), [&, i](Outcome outcome) {
      outcomes[i] = std::move(outcome);
      ++ended;
    }));
  }
  run_until([&] { return client().counts().connections_opened == 1; });
  client().cancel(handles[1]);
  client().cancel(handles[0]);
  client().cancel(handles[0]);  // twice is once
  EXPECT_EQ(ended, 0) << "callbacks never run inside cancel()";
  run_until([&] { return ended == 3; });
  expect_failure(outcomes[0], Kind::cancelled, true, false, "cancelled");
  expect_failure(outcomes[1], Kind::cancelled, false, false, "cancelled");
  expect_answer(outcomes[2], 200, "third");
  client().cancel(handles[2]);  // it has ended
  client_.reset();
  EXPECT_EQ(closed, 1);
  EXPECT_EQ(ended, 3);
}

TEST_F(ClientFailure, ClientGoesWithRequestsInFlight) {
  names_.never_answers("still-being-looked-up.test");
  RawServer server([](RawServer::Peer& peer, int) {
    peer.read_request();
    peer.read_until_closed();
  });
  OriginOptions options = origin_options(server.url());
  options.max_connections = 1;
  const auto origin = add(options);
  const auto unknown = add("http://still-being-looked-up.test");
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 3; ++i) client().send(origin, post("/"), into(outcomes));
  run_until([&] { return client().counts().connections_opened == 1; });
  client().send(unknown, post("/"), into(outcomes));
  client().send(origin, get("/bad path"), into(outcomes));
  client_.reset();
  ASSERT_EQ(outcomes.size(), 5u);
  int sent = 0;
  for (const Outcome& outcome : outcomes) {
    ASSERT_FALSE(outcome.has_value());
    sent += outcome.error().sent ? 1 : 0;
  }
  EXPECT_EQ(sent, 1);
}

TEST_F(ClientFailure, ClientMayBeDestroyedByACallback) {
  RawServer server([](RawServer::Peer& peer, int number) {
    peer.read_request();
    if (number == 0) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    peer.read_until_closed();
  });
  OriginOptions options = origin_options(server.url());
  options.max_connections = 1;
  const auto origin = add(options);
  std::vector<Outcome> outcomes;
  client().send(origin, post("/"), [&](Outcome outcome) {
    EXPECT_TRUE(outcome.has_value());
    client_.reset();
    EXPECT_EQ(outcomes.size(), 2u);
    loop_.stop();
  });
  client().send(origin, post("/"), into(outcomes));
  client().send(origin, post("/"), into(outcomes));
  loop_.run();
  for (const Outcome& outcome : outcomes) {
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().kind, Kind::cancelled);
  }
}

}  // namespace
}  // namespace sluice::http
