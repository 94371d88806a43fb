// Bodies that are too much to be held: Request::more and Request::sink.
#include <gtest/gtest.h>

#include <algorithm>

#include "certificates.h"
#include "core/hash.h"
#include "http/client.h"
#include "http/server.h"
#include "raw_server.h"
#include "support.h"

namespace sluice::http {
namespace {

constexpr std::size_t kBytes = std::size_t{24} << 20;
constexpr std::size_t kPiece = 100'000;

std::string whole() {
  std::string text(kBytes, ' ');
  std::uint32_t x = 1;
  for (char& c : text) c = static_cast<char>('a' + (x = x * 1664525 + 1013904223) % 26);
  return text;
}

class StreamedTest : public HttpTest {
 protected:
  // Says how many bytes came, and their hash, or sends all of them back.
  std::unique_ptr<Server> listen(bool tls) {
    ServerOptions options;
    if (tls) {
      const CertificateFiles files = certificates_.make({"IP:127.0.0.1"});
      options.certificate_file = files.certificate;
      options.key_file = files.key;
    }
    auto server =
        Server::listen(loop_, options, [](ServerRequest request, std::shared_ptr<Responder> r) {
          ServerResponse response;
          response.status = request.target == "/refused" ? 413 : 200;
          response.body = request.target == "/hash" ? core::hash128(request.body).hex()
                                                    : std::move(request.body);
          r->respond(response);
        });
    EXPECT_TRUE(server.has_value()) << (server ? "" : server.error().text());
    return std::move(*server);
  }
  std::size_t add_to(const Server& server, bool tls) {
    OriginOptions options = origin_options((tls ? "https" : "http") + std::string("://127.0.0.1:") +
                                           std::to_string(server.port()));
    if (tls) options.ca_file = certificates_.ca_file();
    return add(options);
  }
  Request streamed(const std::string& path, std::uint64_t bytes) {
    Request request = post(path, "head ");
    request.more_bytes = bytes;
    request.more = [this](std::uint64_t offset) {
      asked_ += 1;
      return std::make_shared<const std::string>(all_.substr(offset, kPiece));
    };
    return request;
  }

  const std::string all_ = whole();
  int asked_ = 0;
  Certificates certificates_;
};

TEST_F(StreamedTest, ALongBodyIsAskedForPieceByPieceAndComesWhole) {
  for (const bool tls : {false, true}) {
    const auto server = listen(tls);
    const auto origin = add_to(*server, tls);
    for (int i = 0; i < 2; ++i)
      expect_answer(ask(origin, streamed("/hash", kBytes)), 200,
                    core::hash128("head " + all_).hex());
    EXPECT_EQ(client_->counts().connections_opened, 1u) << "it can be used again";
    client_.reset();
  }
  EXPECT_GE(asked_, static_cast<int>(kBytes / kPiece));
}

TEST_F(StreamedTest, ALongAnswerGoesToItsSink) {
  for (const bool tls : {false, true}) {
    const auto server = listen(tls);
    const auto origin = add_to(*server, tls);
    Request request = streamed("/", kBytes);
    std::string got;
    std::size_t longest = 0;
    request.sink = [&](std::string_view bytes) {
      longest = std::max(longest, bytes.size());
      got += bytes;
      return true;
    };
    expect_answer(ask(origin, std::move(request)), 200, "");
    EXPECT_TRUE(got == "head " + all_);
    EXPECT_LE(longest, std::size_t{1} << 20);
    client_.reset();
  }
}

TEST_F(StreamedTest, TheBodyOfARefusalIsAnAnswerAsEver) {
  const auto server = listen(false);
  Request request = post("/refused", "no");
  request.sink = [](std::string_view) { return ADD_FAILURE(), true; };
  expect_answer(ask(add_to(*server, false), std::move(request)), 413, "no");
}

TEST_F(StreamedTest, ASinkThatTakesNothingEndsTheRequest) {
  const auto server = listen(false);
  Request request = post("/", "yes");
  request.sink = [](std::string_view) { return false; };
  expect_failure(ask(add_to(*server, false), std::move(request)), Failure::Kind::cancelled, true,
                 true, "");
}

TEST_F(StreamedTest, LessThanWasSaidEndsTheRequest) {
  const auto server = listen(false);
  const auto origin = add_to(*server, false);
  for (const std::uint64_t more : {std::uint64_t{1}, std::uint64_t{kPiece}}) {
    const Outcome outcome = ask(origin, streamed("/hash", kBytes + more));
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().kind, Failure::Kind::cancelled);
  }
}

TEST_F(StreamedTest, AServerThatAnswersBeforeItHasAllIsHeard) {
  RawServer server([&](RawServer::Peer& peer, int) {
    peer.read_some();
    peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    peer.read_until_closed();
  });
  expect_answer(ask(add(server.url()), streamed("/", kBytes)), 413, "no");
  client_.reset();
}

}  // namespace
}  // namespace sluice::http
