#include "http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "raw_server.h"
#include "support.h"

namespace sluice::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

using Client_ = HttpTest;

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  std::string out(compressBound(text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string with_length(const std::string& headers, const std::string& body) {
  return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

TEST_F(Client_, WritesTheRequestAsItWasGivenWithItsOwnHeaders) {
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

TEST_F(Client_, ReadsEveryKindOfAnswerInPiecesOfEverySize) {
  const std::vector<std::pair<std::string, std::string>> answers = {
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
       "5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\nTrailer: t\r\n\r\n",
       "hello, world"},
      {with_length("", "{}"), "{}"},
      {with_length("", ""), ""},
      {"HTTP/1.1 204 No Content\r\n\r\n", ""},
      {with_length("Content-Encoding: gzip\r\n", gzip(std::string(500, 'x'))),
       std::string(500, 'x')},
  };
  std::size_t piece = 1;
  std::size_t which = 0;
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

}  // namespace
}  // namespace sluice::http
