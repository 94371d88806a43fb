// Requests through an HTTP proxy: what the proxy is told, what the origin is told, and what becomes
// of a request that the proxy does not pass on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "certificates.h"
#include "http/client.h"
#include "raw_server.h"
#include "sockets.h"
#include "support.h"

namespace sluice::http {
namespace {

using Kind = Failure::Kind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kOpened = "HTTP/1.1 200 Connection established\r\n\r\n";

// What a proxy was told, from its thread to the test's.
class Heard {
 public:
  void add(std::string head) {
    const std::lock_guard lock(mutex_);
    heads_.push_back(std::move(head));
  }
  std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return heads_;
  }

 private:
  mutable std::mutex mutex_;  // guards heads_
  std::vector<std::string> heads_;
};

class ProxyTest : public HttpTest {
 protected:
  void start_origin(const std::vector<std::string>& names) {
    const auto files = certificates_.make(names);
    ServerOptions options;
    options.certificate_file = files.certificate;
    options.key_file = files.key;
    auto server =
        Server::listen(loop_, options, [](ServerRequest request, std::shared_ptr<Responder> r) {
          if (request.target == "/reset") return r->reset();
          ServerResponse response;
          response.body = request.method + " " + request.target;
          for (const auto& [name, value] : request.headers) {
            if (name.starts_with("proxy")) response.body += " " + std::string(name);
          }
          r->respond(response);
        });
    ASSERT_TRUE(server.has_value()) << server.error().text();
    origin_ = std::move(*server);
  }
  // Opens a tunnel to the origin for each CONNECT, whatever its target.
  RawServer::Script tunnels() {
    return [this](RawServer::Peer& peer, int) {
      heard_.add(peer.read_request());
      peer.send(kOpened);
      peer.forward_to(origin_->port());
    };
  }
  OriginOptions through(const RawServer& proxy, const std::string& url,
                        const std::string& user = "") {
    OriginOptions options = origin_options(url);
    options.ca_file = url.starts_with("https") ? certificates_.ca_file() : "";
    const auto parsed = parse_proxy("http://" + user + "127.0.0.1:" + std::to_string(proxy.port()));
    EXPECT_TRUE(parsed.has_value());
    options.proxy = *parsed;
    return options;
  }
  static std::string name_of(const RawServer& proxy) {
    return "the proxy 127.0.0.1:" + std::to_string(proxy.port());
  }

  Certificates certificates_;
  std::unique_ptr<Server> origin_;
  Heard heard_;
};

TEST_F(ProxyTest, OpensATunnelAndSpeaksTlsWithTheOriginThroughIt) {
  start_origin({"DNS:api.test"});
  RawServer proxy(tunnels());
  const auto origin = add(through(proxy, "https://api.test/v1", "me:p%40ss@"));
  for (int i = 0; i < 3; ++i) expect_answer(ask(origin, post("/chat")), 200, "POST /v1/chat");
  // One tunnel for all three; the credential goes to the proxy and no further. base64 "me:p@ss"
  EXPECT_THAT(heard_.all(), ElementsAre("CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n"
                                        "Proxy-Authorization: Basic bWU6cEBzcw==\r\n\r\n"));
  EXPECT_EQ(client_->counts().connections_opened, 1u);
  EXPECT_EQ(names_.asked(), 0) << "the proxy finds the origin's address";
  client_.reset();
}

TEST_F(ProxyTest, VerifiesTheNameOfTheOriginAndNotOfTheProxy) {
  start_origin({"IP:127.0.0.1"});
  RawServer proxy(tunnels());
  const auto origin = add(through(proxy, "https://api.test"));
  expect_failure(ask(origin, post("/")), Kind::tls, false, false,
                 "TLS: certificate is for '127.0.0.1', not 'api.test'");
  client_.reset();
}

TEST_F(ProxyTest, OpensANewTunnelWhenTheKeptOneHasEnded) {
  start_origin({"DNS:api.test"});
  RawServer proxy(tunnels());
  const auto origin = add(through(proxy, "https://[::1]:8443"));
  EXPECT_EQ(ask(origin, post("/")).error().kind, Kind::tls);
  const auto named = add(through(proxy, "https://api.test"));
  expect_answer(ask(named, post("/1")), 200, "POST /1");
  expect_failure(ask(named, post("/reset")), Kind::reset, true, false, "before it answered");
  expect_answer(ask(named, post("/2")), 200, "POST /2");
  EXPECT_EQ(heard_.all().size(), 3u);
  EXPECT_THAT(heard_.all().front(), HasSubstr("CONNECT [::1]:8443 HTTP/1.1\r\n"));
  EXPECT_EQ(client_->counts().connections_opened, 2u);
  client_.reset();
}

TEST_F(ProxyTest, IsAskedForPlainOriginsInAbsoluteForm) {
  RawServer proxy([&](RawServer::Peer& peer, int) {
    for (;;) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      heard_.add(request);
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  });
  const auto origin = add(through(proxy, "http://api.test:8080/v1", "me:pw@"));
  expect_answer(ask(origin, post("/chat")), 200, "ok");
  expect_answer(ask(origin, get("/models")), 200, "ok");
  client_.reset();
  EXPECT_THAT(heard_.all(),
              ElementsAre("POST http://api.test:8080/v1/chat HTTP/1.1\r\nHost: api.test:8080\r\n"
                          "Accept-Encoding: gzip\r\nProxy-Authorization: Basic bWU6cHc=\r\n"
                          "Content-Length: 2\r\n\r\n{}",
                          "GET http://api.test:8080/v1/models HTTP/1.1\r\nHost: api.test:8080\r\n"
                          "Accept-Encoding: gzip\r\nProxy-Authorization: Basic bWU6cHc=\r\n\r\n"));
}

TEST_F(ProxyTest, ThatRefusesATunnelIsNamedWithItsStatus) {
  const std::pair<std::string, std::string> cases[] = {
      {"407 Proxy Authentication Required",
       "407 (user name or password of the proxy missing or wrong)"},
      {"403 Forbidden", "403 (it does not allow this host or port)"},
      {"502 Bad Gateway", "502 (it cannot reach that host)"},
      {"302 Found", "302"},
  };
  for (const auto& [status, words] : cases) {
    RawServer proxy([&](RawServer::Peer& peer, int) {
      peer.read_request();
      peer.send("HTTP/1.1 " + status + "\r\nContent-Length: 9\r\n\r\n<html>no!");
      peer.read_until_closed();
    });
    const Outcome outcome = ask(add(through(proxy, "https://api.test", "me:hunter2@")), post("/"));
    expect_failure(outcome, Kind::connect, false, false, "");
    EXPECT_EQ(outcome.error().message,
              name_of(proxy) + " refuses a tunnel to api.test:443 with status " + words);
    client_.reset();
  }
}

// The one status of a request in absolute form that can only be the proxy's own.
TEST_F(ProxyTest, ThatWantsACredentialForAPlainOriginHasPassedNothingOn) {
  RawServer proxy([](RawServer::Peer& peer, int) {
    peer.read_request();
    peer.send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    peer.read_until_closed();
  });
  const Outcome outcome = ask(add(through(proxy, "http://api.test", "me:hunter2@")), post("/"));
  expect_failure(outcome, Kind::connect, false, true,
                 name_of(proxy) +
                     " refuses the request with status 407 (user name or password of the proxy "
                     "missing or wrong)");
  EXPECT_THAT(outcome.error().message, Not(HasSubstr("hunter")));
  client_.reset();
}

TEST_F(ProxyTest, ThatTalksNonsenseIsRefused) {
  const std::pair<std::string, std::string> cases[] = {
      {"SSH-2.0-OpenSSH\r\n", "gave a malformed answer to CONNECT: "},
      {"HTTP/1.1 200 OK\r\nA: " + std::string(300'000, 'x'), "KiB of headers"},
      {std::string(kOpened) + "\x16\x03\x03", "sent more than its answer to CONNECT"},
  };
  for (const auto& [answer, words] : cases) {
    RawServer proxy([&](RawServer::Peer& peer, int) {
      peer.read_request();
      peer.send(answer);
      peer.read_until_closed();
    });
    const Outcome outcome = ask(add(through(proxy, "https://api.test")), post("/"));
    expect_failure(outcome, Kind::connect, false, false, words);
    EXPECT_THAT(outcome.error().message, HasSubstr(name_of(proxy)));
    client_.reset();
  }
}

TEST_F(ProxyTest, ThatHangsUpIsNamed) {
  for (const bool reset : {false, true}) {
    RawServer proxy([&](RawServer::Peer& peer, int) {
      peer.read_request();
      if (reset) peer.reset();
    });
    expect_failure(ask(add(through(proxy, "https://api.test")), post("/")), Kind::connect, false,
                   false,
                   name_of(proxy) + (reset ? " reset" : " closed") +
                       " the connection instead of opening a tunnel");
    client_.reset();
  }
}

TEST_F(ProxyTest, ThatHangsIsGivenUpWithinTheConnectTimeout) {
  RawServer proxy([](RawServer::Peer& peer, int) { peer.read_until_closed(); });
  OriginOptions options = through(proxy, "https://api.test");
  options.connect_timeout = std::chrono::milliseconds(500);
  const auto start = std::chrono::steady_clock::now();
  expect_failure(ask(add(options), post("/")), Kind::timeout, false, false,
                 "no connection to api.test through " + name_of(proxy) + " within 500 ms");
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(500));
  client_.reset();
}

TEST_F(ProxyTest, WhoseTunnelLeadsNowhereIsGivenUpWithinTheConnectTimeout) {
  RawServer proxy([](RawServer::Peer& peer, int) {
    peer.read_request();
    peer.send(kOpened);
    peer.read_until_closed();
  });
  OriginOptions options = through(proxy, "https://api.test");
  options.connect_timeout = std::chrono::milliseconds(500);
  expect_failure(ask(add(options), post("/")), Kind::timeout, false, false, "within 500 ms");
  client_.reset();
}

TEST_F(ProxyTest, ThatCannotBeReachedIsNamed) {
  const RefusingPort refusing;
  for (const std::string url : {"https://api.test", "http://api.test"}) {
    OriginOptions options = origin_options(url);
    options.proxy = *parse_proxy("me:hunter2@127.0.0.1:" + std::to_string(refusing.port()));
    const Outcome outcome = ask(add(options), post("/"));
    expect_failure(outcome, Kind::connect, false, false, "");
    EXPECT_EQ(outcome.error().message,
              "cannot connect to the proxy 127.0.0.1:" + std::to_string(refusing.port()) +
                  ": connection refused");
  }
  OriginOptions options = origin_options("https://api.test");
  options.proxy = *parse_proxy("nowhere.test:3128");
  expect_failure(ask(add(options), post("/")), Kind::dns, false, false,
                 "cannot find the host 'nowhere.test' of the proxy: unknown node or service");
}

}  // namespace
}  // namespace sluice::http
