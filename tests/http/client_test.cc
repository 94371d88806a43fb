#include "http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "deflated.h"
#include "raw_server.h"
#include "support.h"

namespace sluice::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

class ClientTest : public HttpTest {};

std::string ok(const std::string& headers, const std::string& body) {
  return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

TEST_F(ClientTest, WritesTheRequestAsItWasGivenWithItsOwnHeaders) {
  std::string seen;
  RawServer server([&](RawServer::Peer& peer, int) {
    seen = peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nX-Two: a\r\nContent-Length: 2\r\n\r\nok");
    peer.read_until_closed();
  });
  const auto origin = add(server.url() + "/v1/");
  Request request = post("/chat", "{\"a\":");
  request.headers = std::make_shared<const std::string>("Authorization: Bearer k\r\n");
  request.body.push_back(std::make_shared<const std::string>("1}"));
  const Outcome outcome = ask(origin, std::move(request));
  expect_answer(outcome, 200, "ok");
  EXPECT_THAT(outcome->headers, ElementsAre(Pair("x-two", "a"), Pair("content-length", "2")));
  EXPECT_EQ(seen, "POST /v1/chat HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                      "\r\nAccept-Encoding: gzip\r\nContent-Length: 7\r\n"
                      "Authorization: Bearer k\r\n\r\n{\"a\":1}");
  client_.reset();
}

TEST_F(ClientTest, AsksForTheRootWhenThereIsNoPath) {
  std::vector<std::string> seen;
  RawServer server([&](RawServer::Peer& peer, int) {
    for (;;) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      seen.push_back(request.substr(0, request.find(" HTTP")));
      EXPECT_EQ(request.find("Content-Length"), std::string::npos) << "a GET has no body";
      peer.send(ok("", ""));
    }
  });
  const auto origin = add(server.url());
  expect_answer(ask(origin, get("")), 200, "");
  expect_answer(ask(origin, get("?q=1")), 200, "");
  client_.reset();
  EXPECT_THAT(seen, ElementsAre("GET /", "GET /?q=1"));
}

TEST_F(ClientTest, ReadsEveryKindOfAnswerInPiecesOfEverySize) {
  const std::string text(500, 'x');
  const std::vector<std::pair<std::string, std::string>> answers = {
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
       "5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\nTrailer: t\r\n\r\n",
       "hello, world"},
      {ok("", "{}"), "{}"},
      {ok("", ""), ""},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n", ""},
      {ok("Content-Encoding: gzip\r\n", deflated(text, kGzipFormat)), text},
      {ok("Content-Encoding: deflate\r\n", deflated(text, kRawFormat)), text},
  };
  std::atomic<std::size_t> piece = 1;
  std::atomic<std::size_t> which = 0;
  RawServer server([&](RawServer::Peer& peer, int) {
    while (!peer.read_request().empty()) peer.send_pieces(loop_, answers[which].first, piece);
  });
  const auto origin = add(server.url());
  for (which = 0; which < answers.size(); ++which) {
    for (piece = 1; piece <= answers[which].first.size();
         piece = piece < 8 ? piece + 1 : piece * 2) {
      const Outcome outcome = ask(origin, post("/"));
      ASSERT_TRUE(outcome.has_value()) << outcome.error().message << which << " " << piece;
      EXPECT_EQ(outcome->body, answers[which].second) << piece;
    }
  }
  EXPECT_EQ(client_->counts().connections_opened, 1u);
  client_.reset();
}

TEST_F(ClientTest, ReadsABodyThatEndsWithTheConnection) {
  RawServer server([&](RawServer::Peer& peer, int) {
    peer.read_request();
    peer.send_pieces(loop_, "HTTP/1.1 200 OK\r\n\r\nall there is", 7);
  });
  const auto origin = add(server.url());
  expect_answer(ask(origin, post("/")), 200, "all there is");
  expect_answer(ask(origin, post("/")), 200, "all there is");
  EXPECT_EQ(client_->counts().connections_opened, 2u);
}

TEST_F(ClientTest, DoesNotWaitForABodyThatAnAnswerToHeadCannotHave) {
  RawServer server([&](RawServer::Peer& peer, int) {
    while (!peer.read_request().empty()) {
      peer.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 99999\r\n\r\n");
    }
  });
  OriginOptions options = origin_options(server.url());
  options.max_response_bytes = 10;
  const auto origin = add(options);
  Request request = get("/");
  request.method = "HEAD";
  expect_answer(ask(origin, request), 200, "");
  expect_answer(ask(origin, request), 200, "");
  EXPECT_EQ(client_->counts().connections_opened, 1u);
  client_.reset();
}

TEST_F(ClientTest, SendsABodyThatDoesNotFitIntoTheSocketAtOnce) {
  const std::string big(20'000'000, 'b');
  std::size_t got = 0;
  RawServer server([&](RawServer::Peer& peer, int) {
    got = peer.read_request().size();
    peer.send(ok("", "done"));
    peer.read_until_closed();
  });
  const auto origin = add(server.url());
  Request request = post("/", big);
  request.body.push_back(std::make_shared<const std::string>("tail"));
  expect_answer(ask(origin, std::move(request)), 200, "done");
  EXPECT_GT(got, big.size() + 4);
  client_.reset();
}

TEST_F(ClientTest, TakesAnAnswerThatComesBeforeTheRequestIsThrough) {
  std::promise<void> answered;  // until then the server takes no more of the request
  const RawServer::Options small{.receive_bytes = 64 * 1024};
  RawServer server(small, [&](RawServer::Peer& peer, int number) {
    if (number > 0) {
      peer.read_request();
      return peer.send(ok("", "next"));
    }
    peer.read_bytes(1000);
    peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    answered.get_future().wait();
    peer.read_until_closed();
  });
  const auto origin = add(server.url());
  expect_answer(ask(origin, post("/", std::string(20'000'000, 'b'))), 413, "no");
  answered.set_value();
  // What is left of the first request must not go before the second.
  expect_answer(ask(origin, post("/")), 200, "next");
  EXPECT_EQ(client_->counts().connections_opened, 2u);
}

TEST_F(ClientTest, RefusesARequestThatWouldBreakTheProtocol) {
  const auto origin = add("http://127.0.0.1:1");
  std::vector<Request> bad = {get("/a b"), get("/a\r\nX: y"), get("/a#b"), get("/"),
                              get("/"),    get("/"),          get("/")};
  bad[3].method = "GET /x HTTP/1.1\r\n";
  bad[4].headers = std::make_shared<const std::string>("X: y");
  bad[5].headers = std::make_shared<const std::string>("X: y\r\n\r\nGET");
  bad[6].headers = std::make_shared<const std::string>("X: y\r\n\r\n");
  for (Request& request : bad) {
    expect_failure(ask(origin, request), Failure::Kind::protocol, false, false, "the request's");
  }
  EXPECT_EQ(client_->counts().connections_opened, 0u);
}

TEST_F(ClientTest, RefusesAnOriginThatCannotBeUsed) {
  const auto bad_url = client().add_origin(origin_options("nonsense"));
  ASSERT_FALSE(bad_url.has_value());
  EXPECT_EQ(bad_url.error().code, core::ErrorCode::pipeline);
  OriginOptions options = origin_options("https://localhost");
  options.ca_file = testing::TempDir() + "/no-such-file.pem";
  const auto bad_file = client().add_origin(options);
  ASSERT_FALSE(bad_file.has_value());
  EXPECT_EQ(bad_file.error().code, core::ErrorCode::io);
  EXPECT_EQ(bad_file.error().where, options.ca_file);
  EXPECT_EQ(bad_file.error().message, "cannot read the CA file: No such file or directory");
}

}  // namespace
}  // namespace sluice::http
