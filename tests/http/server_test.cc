#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "server_support.h"
#include "support.h"

namespace sluice::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST_F(ServerTest, HandsOutTheWholeRequestAndWritesTheWholeAnswer) {
  ServerRequest seen;
  serve(
      [&](ServerRequest request, std::shared_ptr<Responder> responder) {
        seen = std::move(request);
        ServerResponse response;
        response.status = 429;
        response.headers = {{"Retry-After", "7"}};
        response.body = "{}\n";
        responder->respond(response);
      },
      [](int port) {
        Caller caller(port);
        caller.say(
            "POST /v1/x?y=1 HTTP/1.1\r\nHost: h\r\nX-Mixed: Case\r\nContent-Length: 4\r\n\r\nbody");
        EXPECT_EQ(caller.hear("{}\n"),
                  "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\n"
                  "Content-Length: 3\r\nRetry-After: 7\r\n\r\n{}\n");
      });
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/v1/x?y=1");
  EXPECT_EQ(seen.body, "body");
  EXPECT_THAT(seen.headers,
              ElementsAre(Pair("host", "h"), Pair("x-mixed", "Case"), Pair("content-length", "4")));
}

TEST_F(ServerTest, ReadsChunkedBodies) {
  serve(echo, [](int port) {
    Caller caller(port);
    caller.say(
        "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EXPECT_THAT(caller.hear("\n\r\n"), HasSubstr("200 OK"));
    EXPECT_EQ(caller.hear("\n"), "PUT /c abcde\n");
  });
}

TEST_F(ServerTest, AnswersPipelinedRequestsInTheirOrderWhateverTheOrderOfAnswering) {
  std::vector<std::shared_ptr<Responder>> held;
  serve(
      [&](ServerRequest, std::shared_ptr<Responder> responder) {
        held.push_back(std::move(responder));
        if (held.size() < 3) return;
        for (const std::size_t which : {2u, 0u, 1u}) {
          ServerResponse response;
          response.body = std::to_string(which) + "\n";
          held[which]->respond(response);
          held[which]->respond(response);  // once is enough
        }
      },
      [](int port) {
        Caller caller(port);
        std::string all;
        for (int i = 0; i < 3; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\n\r\n";
        caller.say(all);
        for (const char* expected : {"0\n", "1\n", "2\n"}) {
          caller.hear("\r\n\r\n");
          EXPECT_EQ(caller.hear("\n"), expected);
        }
      });
}

TEST_F(ServerTest, ServesFarMorePipelinedRequestsThanItHandsOutAtOnce) {
  std::vector<std::shared_ptr<Responder>> held;
  std::size_t most = 0;
  int served = 0;
  auto later = loop_.make_timer();
  std::function<void()> answer = [&] {
    for (const auto& responder : std::exchange(held, {})) responder->respond({});
    later->start(std::chrono::milliseconds(1), answer);
  };
  later->start(std::chrono::milliseconds(1), answer);
  serve(
      [&](ServerRequest, std::shared_ptr<Responder> responder) {
        ++served;
        held.push_back(std::move(responder));
        most = std::max(most, held.size());
      },
      [&](int port) {
        Caller caller(port);
        std::string all;
        for (int i = 0; i < 1000; ++i) all += "GET / HTTP/1.1\r\n\r\n";
        caller.say(all);
        caller.say_no_more();
        const std::string heard = caller.hear_all();
        std::size_t count = 0;
        for (std::size_t at = 0; (at = heard.find("HTTP/1.1 200", at)) != std::string::npos; ++at) {
          ++count;
        }
        EXPECT_EQ(count, 1000u);
      });
  EXPECT_EQ(served, 1000);
  EXPECT_LE(most, 64u);
}

TEST_F(ServerTest, SaysContinueBeforeABodyThatWaitsForIt) {
  serve(echo, [](int port) {
    Caller caller(port);
    caller.say("POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(caller.hear("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    caller.say("hi");
    EXPECT_THAT(caller.hear("\r\n\r\n"), HasSubstr("HTTP/1.1 200 OK"));
    EXPECT_EQ(caller.hear("\n"), "POST / hi\n");
  });
}

TEST_F(ServerTest, RefusesABodyThatIsTooLargeAndLetsThePeerReadSo) {
  const std::string big(3'000'000, 'x');
  int handed_out = 0;
  serve(
      [&](ServerRequest, std::shared_ptr<Responder> responder) {
        ++handed_out;
        responder->respond({});
      },
      [&](int port) {
        for (const std::string head :
             {"Content-Length: 3000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n2DC6C0\r\n"}) {
          Caller caller(port);
          caller.say("POST / HTTP/1.1\r\n" + head + big);
          const std::string heard = caller.hear_all();
          EXPECT_THAT(heard, HasSubstr("HTTP/1.1 413 Content Too Large"));
          EXPECT_THAT(heard, HasSubstr("Connection: close"));
          EXPECT_EQ(caller.error(), 0);
        }
      },
      1'000'000);
  EXPECT_EQ(handed_out, 0);
}

TEST_F(ServerTest, TakesALargerBodyOfTheRequestsThatMayHaveOne) {
  ServerOptions options;
  options.max_body_bytes = 1'000'000;
  options.max_body_of = [](std::string_view method, std::string_view target) -> std::size_t {
    return method == "POST" && target == "/upload" ? 3'000'000 : 1'000'000;
  };
  std::size_t came = 0;
  auto server = Server::listen(loop_, options, [&](ServerRequest request, auto responder) {
    came = request.body.size();
    responder->respond({});
  });
  ASSERT_TRUE(server.has_value()) << server.error().text();
  std::thread caller([&] {
    const std::string body = "Content-Length: 3000000\r\n\r\n" + std::string(3'000'000, 'x');
    Caller upload((*server)->port());
    upload.say("POST /upload HTTP/1.1\r\nConnection: close\r\n" + body);
    EXPECT_THAT(upload.hear_all(), HasSubstr("HTTP/1.1 200 OK"));
    Caller other((*server)->port());
    other.say("POST /other HTTP/1.1\r\n" + body);
    EXPECT_THAT(other.hear_all(), HasSubstr("HTTP/1.1 413 Content Too Large"));
    loop_.stop();
  });
  loop_.run();
  caller.join();
  EXPECT_EQ(came, 3'000'000u);
}

TEST_F(ServerTest, RefusesAMalformedRequestBehindTheAnswersBeforeIt) {
  serve(echo, [](int port) {
    Caller caller(port);
    caller.say("GET /good HTTP/1.1\r\n\r\nnonsense\r\n\r\nGET /never HTTP/1.1\r\n\r\n");
    const std::string heard = caller.hear_all();
    EXPECT_THAT(heard, HasSubstr("GET /good"));
    EXPECT_THAT(heard, HasSubstr("HTTP/1.1 400 Bad Request"));
    EXPECT_EQ(heard.find("never"), std::string::npos);
    EXPECT_EQ(caller.error(), 0);
  });
}

TEST_F(ServerTest, ClosesBehindTheAnswerWhenThePeerAsksForIt) {
  serve(echo, [](int port) {
    for (const char* request :
         {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
      Caller caller(port);
      caller.say(request);
      EXPECT_THAT(caller.hear_all(), HasSubstr("Connection: close"));
      EXPECT_EQ(caller.error(), 0);
    }
    Caller kept(port);
    for (int i = 0; i < 2; ++i) {
      kept.say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      EXPECT_THAT(kept.hear("\r\n\r\n"), HasSubstr("Connection: keep-alive"));
      EXPECT_EQ(kept.hear("\n"), "GET / \n");
    }
  });
}

TEST_F(ServerTest, GivesNoBodyWhereThereIsNone) {
  serve(
      [](ServerRequest, std::shared_ptr<Responder> responder) {
        ServerResponse response;
        response.body = "body";
        responder->respond(response);
      },
      [](int port) {
        Caller caller(port);
        caller.say("HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n");
        const std::string heard = caller.hear_all();
        EXPECT_THAT(heard, HasSubstr("Content-Length: 4\r\n"));
        EXPECT_TRUE(heard.ends_with("\r\n\r\n")) << heard;
      });
}

TEST_F(ServerTest, ResetsWithoutAnAnswerAndInTheMiddleOfOne) {
  serve(
      [this](ServerRequest request, std::shared_ptr<Responder> responder) {
        if (request.target == "/at-once") return responder->reset();
        ServerResponse response;
        response.body = "0123456789";
        responder->respond_in_part(response, 4);
        later_ = loop_.make_timer();
        later_->start(std::chrono::milliseconds(20), [responder] { responder->reset(); });
      },
      [](int port) {
        Caller first(port);
        first.say("GET /at-once HTTP/1.1\r\n\r\n");
        EXPECT_EQ(first.hear_all(), "");
        EXPECT_EQ(first.error(), ECONNRESET);
        Caller second(port);
        second.say("GET /half HTTP/1.1\r\n\r\n");
        const std::string heard = second.hear_all();
        EXPECT_THAT(heard, HasSubstr("Content-Length: 10"));
        EXPECT_TRUE(heard.ends_with("\r\n\r\n0123")) << heard;
        EXPECT_EQ(second.error(), ECONNRESET);
      });
}

TEST_F(ServerTest, AnAnswerInPiecesIsTheAnswerWhole) {
  std::shared_ptr<Responder> first;  // of two requests that came together
  serve(
      [&](ServerRequest request, std::shared_ptr<Responder> responder) {
        ServerResponse response;
        response.body = "0123456789";
        if (request.target == "/forgotten") return responder->respond_until(response, 4);
        if (request.target == "/first") {
          first = std::move(responder);
          return;
        }
        responder->respond_until(response, 2);
        responder->respond_until(response, 7);
        first->respond_until(response, 3);
        first->respond(response);
        responder->respond(response);
        first.reset();
      },
      [](int port) {
        Caller caller(port);
        caller.say("GET /first HTTP/1.1\r\n\r\nGET /second HTTP/1.1\r\nConnection: close\r\n\r\n");
        const std::string heard = caller.hear_all();
        const std::size_t second = heard.rfind("HTTP/1.1 200");
        ASSERT_GT(second, 0u);
        EXPECT_TRUE(heard.substr(0, second).ends_with("\r\n\r\n0123456789")) << heard;
        EXPECT_TRUE(heard.ends_with("\r\n\r\n0123456789")) << heard;
        Caller forgotten(port);
        forgotten.say("GET /forgotten HTTP/1.1\r\n\r\n");
        EXPECT_TRUE(forgotten.hear_all().ends_with("\r\n\r\n0123"));
        EXPECT_EQ(forgotten.error(), ECONNRESET);
      });
}

TEST_F(ServerTest, AnswersForAHandlerThatForgets) {
  serve([](ServerRequest, std::shared_ptr<Responder>) {},
        [](int port) {
          Caller caller(port);
          caller.say("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
          EXPECT_THAT(caller.hear_all(), HasSubstr("HTTP/1.1 500 "));
        });
}

TEST_F(ServerTest, SurvivesAnAnswerToAPeerThatHasGone) {
  std::vector<std::shared_ptr<Responder>> held;
  serve(
      [&](ServerRequest request, std::shared_ptr<Responder> responder) {
        if (request.target == "/gone") return held.push_back(std::move(responder));
        for (const auto& late : held) late->respond({});
        responder->respond({});
      },
      [&](int port) {
        {
          Caller(port).say("GET /gone HTTP/1.1\r\n\r\n");
        }
        for (int i = 0; i < 2; ++i) {
          Caller caller(port);
          caller.say("GET /here HTTP/1.1\r\nConnection: close\r\n\r\n");
          EXPECT_THAT(caller.hear_all(), HasSubstr("HTTP/1.1 200 OK"));
        }
      });
  held.clear();  // after the server has gone as well
}

TEST_F(ServerTest, WaitsForAPeerThatReadsSlowly) {
  const std::string big(8'000'000, 'x');
  serve(
      [&](ServerRequest, std::shared_ptr<Responder> responder) {
        ServerResponse response;
        response.body = big;
        responder->respond(response);
      },
      [&](int port) {
        Caller caller(port);
        caller.say("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nConnection: close\r\n\r\n");
        EXPECT_GT(caller.hear_all().size(), 2 * big.size());
        EXPECT_EQ(caller.error(), 0);
      });
}

TEST_F(ServerTest, MayBeDestroyedByItsHandler) {
  std::unique_ptr<Server> server;
  server = std::move(*Server::listen(loop_, {}, [&](ServerRequest, std::shared_ptr<Responder> r) {
    server.reset();
    r->respond({});
    loop_.stop();
  }));
  Caller caller(server->port());
  caller.say("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
  loop_.run();
  EXPECT_EQ(server, nullptr);
}

TEST_F(ServerTest, TellsWhenItCannotListen) {
  const auto first = Server::listen(loop_, {}, {});
  ASSERT_TRUE(first.has_value());
  ServerOptions options;
  options.port = (*first)->port();
  const auto second = Server::listen(loop_, options, {});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, core::ErrorCode::io);
  EXPECT_EQ(second.error().message, "cannot listen on 127.0.0.1:" + std::to_string(options.port) +
                                        ": address already in use");
}

}  // namespace
}  // namespace sluice::http
