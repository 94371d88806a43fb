// What a server does about peers that are slow, silent, many or greedy, where it is told to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "http/server.h"
#include "server_support.h"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

void answer(const ServerRequest& /*request*/, const std::shared_ptr<Responder>& responder) {
  ServerResponse response;
  response.body = "{}\n";
  responder->respond(response);
}

ServerOptions patient(core::Duration patience) {
  ServerOptions options;
  options.patience = patience;
  return options;
}

TEST_F(ServerTest, ClosesAPeerThatNeverFinishesItsRequest) {
  serve(
      answer,
      [](int port) {
        Caller silent(port);
        Caller slow(port);
        slow.say("GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ");
        EXPECT_EQ(silent.hear_all(), "");
        EXPECT_EQ(slow.hear_all(), "");
        Caller good(port);
        good.say("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
        EXPECT_THAT(good.hear_all(), HasSubstr("200 OK"));
      },
      patient(1s));
}

TEST_F(ServerTest, ARequestThatTheHandlerHasIsWaitedForAsLongAsItTakes) {
  std::shared_ptr<Responder> held;
  std::unique_ptr<net::Loop::Timer> later = loop_.make_timer();
  serve(
      [&](const ServerRequest&, std::shared_ptr<Responder> responder) {
        held = std::move(responder);
        later->start(2500ms, [&] { answer({}, held); });
      },
      [](int port) {
        Caller caller(port);
        caller.say("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
        EXPECT_THAT(caller.hear_all(), HasSubstr("200 OK"));
      },
      patient(500ms));
  held.reset();
}

TEST_F(ServerTest, OneTooManyClosesTheOneThatLetsItWaitForLongest) {
  ServerOptions options;
  options.max_connections = 3;
  serve(
      answer,
      [](int port) {
        Caller oldest(port);
        oldest.say("GET / HTTP/1.1\r\n\r\n");
        EXPECT_THAT(oldest.hear("{}\n"), HasSubstr("200 OK"));
        Caller second(port);
        second.say("GET / HTTP/1.1\r\n\r\n");
        EXPECT_THAT(second.hear("{}\n"), HasSubstr("200 OK"));
        oldest.say("GET / HTTP/1.1\r\n\r\n");  // so that it is the second that waited for longest
        EXPECT_THAT(oldest.hear("{}\n"), HasSubstr("200 OK"));
        Caller third(port);
        third.say("GET / HTTP/1.1\r\n\r\n");
        EXPECT_THAT(third.hear("{}\n"), HasSubstr("200 OK"));
        Caller fourth(port);
        fourth.say("GET / HTTP/1.1\r\n\r\n");
        EXPECT_THAT(fourth.hear("{}\n"), HasSubstr("200 OK"));
        EXPECT_EQ(second.hear_all(), "");
        oldest.say("GET / HTTP/1.1\r\n\r\n");
        EXPECT_THAT(oldest.hear("{}\n"), HasSubstr("200 OK"));
      },
      options);
}

TEST_F(ServerTest, IsNotAskedFurtherByAPeerThatReadsNothing) {
  std::atomic<int> asked = 0;
  const std::string big(100'000, 'x');
  serve(
      [&](const ServerRequest&, const std::shared_ptr<Responder>& responder) {
        ++asked;
        ServerResponse response;
        response.body = big;
        responder->respond(response);
      },
      [&](int port) {
        Caller greedy(port);
        std::string all;
        for (int i = 0; i < 2000; ++i) all += "GET / HTTP/1.1\r\n\r\n";
        greedy.say(all + "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
        Caller other(
            port);  // by the time that it is answered, all that was sent has been looked at
        other.say("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
        EXPECT_THAT(other.hear_all(), HasSubstr("200 OK"));
        EXPECT_LT(asked, 500) << "200 MB would wait in memory";
        EXPECT_GT(greedy.hear_all().size(), 2001 * big.size());
      });
  EXPECT_EQ(asked, 2002);
}

}  // namespace
}  // namespace sluice::http
