// What a request may come to, and what is known of it then: `sent` and `answering` decide whether a
// row may have been paid for.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "deflated.h"
#include "http/client.h"
#include "raw_server.h"
#include "support.h"

namespace sluice::http {
namespace {

using Kind = Failure::Kind;
using std::chrono::milliseconds;

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
  int port = 0;
  {
    const RawServer server([](RawServer::Peer&, int) {});
    port = server.port();
  }
  const auto origin = add("http://127.0.0.1:" + std::to_string(port));
  expect_failure(ask(origin, post("/")), Kind::connect, false, false,
                 "cannot connect to 127.0.0.1:" + std::to_string(port) + ": connection refused");
}

TEST_F(ClientFailure, UnknownName) {
  const auto origin = add("http://no-such-host.invalid");
  expect_failure(ask(origin, post("/")), Kind::dns, false, false,
                 "cannot find the host 'no-such-host.invalid'");
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

TEST_F(ClientFailure, ResetInTheMiddleOfTheAnswer) {
  RawServer server([&](RawServer::Peer& peer, int) {
    peer.read_request();
    peer.send_pieces(loop_, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", 100);
    peer.reset();
  });
  expect_failure(ask(add(server.url()), post("/")), Kind::reset, true, true,
                 "reset the connection in the middle of the answer");
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

TEST_F(ClientFailure, NoConnectionInTime) {
  // A listener whose queue is full answers no SYN.
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 0), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    connect(fillers.back(), reinterpret_cast<sockaddr*>(&address), size);
  }
  OriginOptions options =
      origin_options("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
  options.connect_timeout = milliseconds(80);
  const auto start = std::chrono::steady_clock::now();
  expect_failure(ask(add(options), post("/")), Kind::timeout, false, false, "no connection");
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(80));
  for (const int filler : fillers) close(filler);
  close(listener);
}

TEST_F(ClientFailure, SilenceBeforeTheAnswer) {
  RawServer server([](RawServer::Peer& peer, int) {
    peer.read_request();
    peer.read_until_closed();
  });
  OriginOptions options = origin_options(server.url());
  options.idle_timeout = milliseconds(60);
  const auto start = std::chrono::steady_clock::now();
  expect_failure(ask(add(options), post("/")), Kind::timeout, true, false, "idle timeout");
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(60));
}

TEST_F(ClientFailure, SilenceInTheMiddleOfTheAnswer) {
  RawServer server([](RawServer::Peer& peer, int) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n");
    peer.read_until_closed();
  });
  OriginOptions options = origin_options(server.url());
  options.idle_timeout = milliseconds(60);
  expect_failure(ask(add(options), post("/")), Kind::timeout, true, true, "idle timeout");
}

TEST_F(ClientFailure, AnswerThatTricklesPastTheTotalTimeoutButNeverPastTheIdleOne) {
  RawServer server([&](RawServer::Peer& peer, int) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    for (int i = 0; i < 100'000 && peer.alive(); ++i) {
      peer.send(" ");
      std::this_thread::sleep_for(milliseconds(5));
    }
  });
  OriginOptions options = origin_options(server.url());
  options.max_response_bytes = 1'000'000'000;
  options.idle_timeout = milliseconds(1000);
  options.total_timeout = milliseconds(1500);
  const auto start = std::chrono::steady_clock::now();
  expect_failure(ask(add(options), post("/")), Kind::timeout, true, true, "total timeout");
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(1500));
}

TEST_F(ClientFailure, TotalTimeoutCoversTheWaitForAConnection) {
  RawServer server([](RawServer::Peer& peer, int) {
    peer.read_request();
    peer.read_until_closed();
  });
  OriginOptions options = origin_options(server.url());
  options.max_connections = 1;
  options.total_timeout = milliseconds(80);
  const auto origin = add(options);
  std::vector<Outcome> outcomes;
  client().send(origin, post("/1"), into(outcomes));
  client().send(origin, post("/2"), into(outcomes));
  run_until([&] { return outcomes.size() == 2; });
  expect_failure(outcomes.at(0), Kind::timeout, true, false, "no answer within 80 ms");
  expect_failure(outcomes.at(1), Kind::timeout, false, false, "no connection was free");
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
  RawServer server([](RawServer::Peer& peer, int) {
    peer.read_request();
    peer.read_until_closed();
  });
  OriginOptions options = origin_options(server.url());
  options.max_connections = 1;
  const auto origin = add(options);
  const auto unknown = add("http://still-being-looked-up.invalid");
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
