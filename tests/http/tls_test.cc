#include "net/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "certificates.h"
#include "http/client.h"
#include "http/server.h"
#include "raw_server.h"
#include "support.h"

namespace sluice::http {
namespace {

using Kind = Failure::Kind;
using testing::HasSubstr;

class TlsTest : public HttpTest {
 protected:
  std::unique_ptr<Server> listen(const CertificateFiles& files,
                                 const std::string& host = "127.0.0.1") {
    ServerOptions options;
    options.host = host;
    options.certificate_file = files.certificate;
    options.key_file = files.key;
    auto server =
        Server::listen(loop_, options, [](ServerRequest request, std::shared_ptr<Responder> r) {
          ServerResponse response;
          response.body = "hello " + request.body;
          r->respond(response);
        });
    EXPECT_TRUE(server.has_value()) << (server ? "" : server.error().text());
    return std::move(*server);
  }
  std::size_t add_https(const std::string& host, const Server& server) {
    OriginOptions options = origin_options("https://" + host + ":" + std::to_string(server.port()));
    options.ca_file = certificates_.ca_file();
    return add(options);
  }
  void expect_refused(const CertificateFiles& files, const std::string& host,
                      const std::string& words) {
    const auto server = listen(files);
    const Outcome outcome = ask(add_https(host, *server), post("/"));
    expect_failure(outcome, Kind::tls, false, false, "");
    EXPECT_EQ(outcome.error().message, words);
    EXPECT_EQ(client_->counts().connections_opened, 0u);
  }

  Certificates certificates_;
};

TEST_F(TlsTest, TalksToAServerWhoseCertificateTheCaHasSigned) {
  const auto server = listen(certificates_.make({"DNS:localhost", "IP:127.0.0.1"}));
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const auto origin = add_https(host, *server);
    for (int i = 0; i < 3; ++i) expect_answer(ask(origin, post("/", "you")), 200, "hello you");
  }
  EXPECT_EQ(client_->counts().connections_opened, 2u);
  EXPECT_EQ(client_->counts().tls_handshakes, 2u);
}

TEST_F(TlsTest, VerifiesAnIpv6AddressAgainstTheCertificate) {
  if (!has_ipv6()) GTEST_SKIP() << "no IPv6 on loopback";
  const auto server = listen(certificates_.make({"IP:::1"}), "::1");
  expect_answer(ask(add_https("[::1]", *server), post("/", "six")), 200, "hello six");
}

TEST_F(TlsTest, CarriesBodiesOfManyRecordsBothWays) {
  const auto server = listen(certificates_.make({"DNS:localhost"}));
  std::string big(5'000'000, '\0');
  for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>('a' + i * i % 23);
  Request request = post("/", big);
  request.body.push_back(std::make_shared<const std::string>("end"));
  const auto origin = add_https("localhost", *server);
  expect_answer(ask(origin, request), 200, "hello " + big + "end");
  expect_answer(ask(origin, post("/", "again")), 200, "hello again");
  EXPECT_EQ(client_->counts().connections_opened, 1u);
}

TEST_F(TlsTest, RefusesASelfSignedCertificate) {
  expect_refused(certificates_.make({"DNS:localhost"}, -1, 1, true), "localhost",
                 "TLS: certificate of localhost is not trusted: self-signed certificate (use "
                 "ca_file if this is your own CA)");
}

TEST_F(TlsTest, RefusesACertificateOfAnUnknownAuthority) {
  Certificates others("Other CA");
  expect_refused(others.make({"DNS:localhost"}), "localhost",
                 "TLS: certificate of localhost is not trusted: unknown certificate authority "
                 "(use ca_file if this is your own CA)");
}

TEST_F(TlsTest, RefusesACertificateOfAnAuthorityThatHasBeenMadeAnew) {
  Certificates older;
  expect_refused(older.make({"DNS:localhost"}), "localhost",
                 "TLS: certificate of localhost is not trusted: a certificate authority of the "
                 "right name has another key (is ca_file out of date?)");
}

TEST_F(TlsTest, RefusesACertificateForAnotherName) {
  expect_refused(certificates_.make({"DNS:other.example", "IP:10.0.0.1"}), "localhost",
                 "TLS: certificate is for 'other.example', '10.0.0.1', not 'localhost'");
  expect_refused(certificates_.make({"DNS:localhost"}), "127.0.0.1",
                 "TLS: certificate is for 'localhost', not '127.0.0.1'");
  expect_refused(certificates_.make({}), "localhost",
                 "TLS: certificate is for 'leaf', not 'localhost'");
}

TEST_F(TlsTest, RefusesACertificateOutsideItsTime) {
  const Outcome expired = [&] {
    const auto server = listen(certificates_.make({"DNS:localhost"}, -5, -2));
    return ask(add_https("localhost", *server), post("/"));
  }();
  expect_failure(expired, Kind::tls, false, false,
                 "TLS: certificate of localhost has expired on 20");
  const Outcome early = [&] {
    const auto server = listen(certificates_.make({"DNS:localhost"}, 2, 5));
    return ask(add_https("localhost", *server), post("/"));
  }();
  expect_failure(early, Kind::tls, false, false,
                 "TLS: certificate of localhost is valid only from 20");
}

TEST_F(TlsTest, SaysWhenTheServerSpeaksNoTls) {
  RawServer server([](RawServer::Peer& peer, int) {
    peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    peer.read_until_closed();
  });
  const auto origin = add("https://127.0.0.1:" + std::to_string(server.port()));
  expect_failure(ask(origin, post("/")), Kind::tls, false, false,
                 "does not speak TLS on this port (http:// instead of https://?)");
}

TEST_F(TlsTest, SaysWhenTheServerHangsUpInTheHandshake) {
  RawServer server([](RawServer::Peer& peer, int) { peer.read_bytes(5); });
  const auto origin = add("https://127.0.0.1:" + std::to_string(server.port()));
  expect_failure(ask(origin, post("/")), Kind::connect, false, false, "in the handshake");
}

// What a load balancer does when a server behind it restarts: nothing that will be so next time.
TEST_F(TlsTest, AHandshakeThatIsCutOffIsAConnectionThatFailedWhereverItIsCut) {
  for (const std::size_t sent : {0u, 1u, 11u}) {
    RawServer proxy([&](RawServer::Peer& peer, int) {
      peer.read_some();
      peer.send(std::string("\x16\x03\x03\x02\x00\x02\x00\x01\xfc\x03\x03", 11).substr(0, sent));
      peer.wait_until_there();
      peer.reset();
    });
    OriginOptions options = origin_options("https://localhost:" + std::to_string(proxy.port()));
    options.ca_file = certificates_.ca_file();
    expect_failure(ask(add(options), post("/")), Kind::connect, false, false, "in the handshake");
  }
}

// An internal error of the server (TLS alert 80) passes; that it knows no such name (112) does not.
TEST_F(TlsTest, OnlyAlertsAboutWhatTheTwoSidesAreAreFinal) {
  const struct {
    char alert;
    Kind kind;
  } cases[] = {
      {80, Kind::connect}, {51, Kind::connect}, {112, Kind::tls}, {40, Kind::tls}, {70, Kind::tls}};
  for (const auto& c : cases) {
    RawServer server([&](RawServer::Peer& peer, int) {
      peer.read_some();
      peer.send(std::string("\x15\x03\x03\x00\x02\x02", 6) + c.alert);
      peer.read_until_closed();
    });
    const auto origin = add("https://127.0.0.1:" + std::to_string(server.port()));
    expect_failure(ask(origin, post("/")), c.kind, false, false, "TLS: ");
  }
}

TEST_F(TlsTest, GivesUpAHandshakeThatTakesTooLong) {
  RawServer server([](RawServer::Peer& peer, int) { peer.read_until_closed(); });
  OriginOptions options = origin_options("https://127.0.0.1:" + std::to_string(server.port()));
  options.connect_timeout = std::chrono::milliseconds(80);
  expect_failure(ask(add(options), post("/")), Kind::timeout, false, false, "no connection");
}

TEST_F(TlsTest, ResumesTheSessionOnTheNextConnection) {
  ServerOptions server_options;
  const auto files = certificates_.make({"DNS:localhost"});
  server_options.certificate_file = files.certificate;
  server_options.key_file = files.key;
  auto server = Server::listen(loop_, server_options,
                               [](ServerRequest request, std::shared_ptr<Responder> responder) {
                                 if (request.target == "/reset") return responder->reset();
                                 responder->respond({});
                               });
  ASSERT_TRUE(server.has_value());
  const auto origin = add_https("localhost", **server);
  expect_answer(ask(origin, post("/")), 200, "");
  EXPECT_EQ(client_->counts().tls_resumed, 0u);
  for (unsigned i = 1; i <= 3; ++i) {
    expect_failure(ask(origin, post("/reset")), Kind::reset, true, false, "before it answered");
    expect_answer(ask(origin, post("/")), 200, "");
    EXPECT_EQ(client_->counts().tls_handshakes, 1 + i);
    EXPECT_EQ(client_->counts().tls_resumed, i);
  }
}

// A server that answers only when all have asked, so that each needs a connection of its own.
class TlsBurst : public TlsTest {
 protected:
  static constexpr std::size_t kRequests = 20;

  std::unique_ptr<Server> listen_for_all(bool session_tickets) {
    const auto files = certificates_.make({"DNS:localhost"});
    ServerOptions options;
    options.certificate_file = files.certificate;
    options.key_file = files.key;
    options.session_tickets = session_tickets;
    auto server =
        Server::listen(loop_, options, [this](ServerRequest, std::shared_ptr<Responder> responder) {
          asking_.push_back(std::move(responder));
          if (asking_.size() < kRequests) return;
          for (const auto& each : std::exchange(asking_, {})) each->respond({});
        });
    EXPECT_TRUE(server.has_value()) << (server ? "" : server.error().text());
    return std::move(*server);
  }
  std::vector<Outcome> ask_all(std::size_t origin) {
    std::vector<Outcome> outcomes;
    for (std::size_t i = 0; i < kRequests; ++i) client().send(origin, post("/"), into(outcomes));
    run_until([&] { return outcomes.size() == kRequests; });
    return outcomes;
  }

  std::vector<std::shared_ptr<Responder>> asking_;
};

TEST_F(TlsBurst, TwentyRequestsAtOnceResumeTheFirstConnectionsSession) {
  const auto server = listen_for_all(true);
  const auto origin = add_https("localhost", *server);
  for (const Outcome& outcome : ask_all(origin)) expect_answer(outcome, 200, "");
  EXPECT_EQ(client_->counts().tls_handshakes, 20u);
  EXPECT_EQ(client_->counts().tls_resumed, 19u);
}

TEST_F(TlsBurst, EachOriginHasAFirstConnectionOfItsOwn) {
  const auto one = listen_for_all(true);
  const auto origin = add_https("localhost", *one);
  for (const Outcome& outcome : ask_all(origin)) expect_answer(outcome, 200, "");
  const auto other = listen_for_all(true);
  for (const Outcome& outcome : ask_all(add_https("localhost", *other))) {
    expect_answer(outcome, 200, "");
  }
  EXPECT_EQ(client_->counts().tls_handshakes, 40u);
  EXPECT_EQ(client_->counts().tls_resumed, 38u);
}

// It answers only when all have asked: so the others were opened before the first had an answer.
TEST_F(TlsBurst, AServerWithoutTicketsIsNotWaitedForWithoutEnd) {
  const auto server = listen_for_all(false);
  const auto origin = add_https("localhost", *server);
  const auto begun = std::chrono::steady_clock::now();
  for (const Outcome& outcome : ask_all(origin)) expect_answer(outcome, 200, "");
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(99));
  EXPECT_EQ(client_->counts().tls_handshakes, 20u);
  EXPECT_EQ(client_->counts().tls_resumed, 0u);
}

TEST_F(TlsBurst, ARefusedFirstConnectionStrandsNoRequest) {
  auto server = listen_for_all(true);
  const auto origin = add_https("localhost", *server);
  server.reset();
  for (const Outcome& outcome : ask_all(origin)) {
    expect_failure(outcome, Kind::connect, false, false, "connection refused");
  }
}

TEST_F(TlsBurst, AnUntrustedFirstConnectionStrandsNoRequest) {
  const auto server = listen(certificates_.make({"DNS:other.example"}));
  for (const Outcome& outcome : ask_all(add_https("localhost", *server))) {
    expect_failure(outcome, Kind::tls, false, false, "certificate is for");
  }
  EXPECT_EQ(client_->counts().connections_opened, 0u);
}

TEST_F(TlsBurst, ASlowFirstConnectionIsWaitedForNoLongerThanASecond) {
  RawServer server([](RawServer::Peer& peer, int) { peer.read_until_closed(); });
  OriginOptions options = origin_options("https://127.0.0.1:" + std::to_string(server.port()));
  options.connect_timeout = std::chrono::seconds(3);
  const auto begun = std::chrono::steady_clock::now();
  for (const Outcome& outcome : ask_all(add(options))) {
    expect_failure(outcome, Kind::timeout, false, false, "no connection");
  }
  // The others' attempts began after a second, and not with the end of the first.
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(5900));
  client_.reset();
}

TEST_F(TlsTest, TellsOfAFileThatHoldsNoCertificate) {
  const std::string path = certificates_.directory() + "/text.pem";
  std::ofstream(path) << "not a certificate\n";
  for (const std::string& file : {path, certificates_.directory()}) {
    OriginOptions options = origin_options("https://localhost");
    options.ca_file = file;
    const auto origin = client().add_origin(options);
    ASSERT_FALSE(origin.has_value());
    EXPECT_EQ(origin.error().code, core::ErrorCode::io);
    EXPECT_EQ(origin.error().where, file);
    EXPECT_THAT(origin.error().message, HasSubstr("the CA file"));
  }
}

TEST_F(TlsTest, ServerTellsOfFilesThatDoNotFit) {
  const auto one = certificates_.make({"DNS:localhost"});
  const auto other = certificates_.make({"DNS:localhost"});
  const auto missing = certificates_.directory() + "/missing";
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {missing, one.key, "cannot read the certificate file"},
      {one.certificate, missing, "cannot read the key file"},
      {one.key, one.key, "cannot use the certificate file"},
      {one.certificate, other.key, "cannot use the key file"},
  };
  for (const auto& [certificate, key, words] : cases) {
    ServerOptions options;
    options.certificate_file = certificate;
    options.key_file = key;
    const auto server = Server::listen(loop_, options, {});
    ASSERT_FALSE(server.has_value());
    EXPECT_EQ(server.error().code, core::ErrorCode::io);
    EXPECT_THAT(server.error().message, HasSubstr(words));
  }
}

// An answer that ends with the connection may have been cut by anybody, unless TLS says otherwise.
class TlsRawAnswer : public TlsTest {
 protected:
  Outcome ask_one_that_says(const std::string& answer, bool close_notify) {
    const auto files = certificates_.make({"DNS:localhost"});
    RawServer server([&](RawServer::Peer& peer, int) {
      auto context = net::server_tls_context(files.certificate, files.key);
      const auto tls = net::Tls::server(*context);
      std::string bytes;
      const auto exchange = [&](auto step) {
        while (step() == net::Tls::Step::want_input) {
          peer.send(std::exchange(tls->output(), {}));
          bytes = peer.read_some();
          if (bytes.empty()) return;
          tls->feed(bytes);
        }
        peer.send(std::exchange(tls->output(), {}));
      };
      exchange([&] { return tls->handshake(); });
      char plain[4096];
      std::size_t count = 0;
      exchange([&] {
        const auto step = tls->read(plain, count);
        return count > 0 ? net::Tls::Step::done : step;
      });
      tls->write(answer);
      if (close_notify) tls->close();
      peer.send(tls->output());
    });
    OriginOptions options = origin_options("https://localhost:" + std::to_string(server.port()));
    options.ca_file = certificates_.ca_file();
    Outcome outcome = ask(add(options), post("/"));
    client_.reset();
    return outcome;
  }
};

TEST_F(TlsRawAnswer, ThatEndsWithTheConnectionMustSayThatItEnds) {
  expect_answer(ask_one_that_says("HTTP/1.1 200 OK\r\n\r\nwhole", true), 200, "whole");
  expect_failure(ask_one_that_says("HTTP/1.1 200 OK\r\n\r\ncut?", false), Kind::reset, true, true,
                 "close_notify");
}

TEST_F(TlsRawAnswer, WithALengthNeedsNoGoodbye) {
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  expect_answer(ask_one_that_says(answer, false), 200, "ok");
  expect_answer(ask_one_that_says(answer, true), 200, "ok");
}

}  // namespace
}  // namespace sluice::http
