// Which of a name's addresses a connection goes to.
#include <gtest/gtest.h>

#include "net/resolver.h"
#include "raw_server.h"
#include "sockets.h"
#include "support.h"

namespace sluice::http {
namespace {

using Kind = Failure::Kind;

void say_here(RawServer::Peer& peer, int) {
  peer.read_request();
  peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nhere");
}

class AddressesTest : public HttpTest {
 protected:
  // A server on 127.0.0.1 whose port `Trap` could be had on another address as well.
  template <class Trap>
  struct Pair {
    std::unique_ptr<RawServer> server;
    std::unique_ptr<Trap> trap;
  };
  template <class Trap>
  static Pair<Trap> beside_server(const std::string& trap_ip) {
    for (;;) {
      Pair<Trap> pair{std::make_unique<RawServer>(say_here), nullptr};
      pair.trap = std::make_unique<Trap>(trap_ip, pair.server->port());
      if (pair.trap->bound()) return pair;
    }
  }
  std::size_t add_named(const std::string& name, int port) {
    OriginOptions options = origin_options("http://" + name + ":" + std::to_string(port));
    options.connect_timeout = std::chrono::minutes(2);
    return add(options);
  }
};

TEST_F(AddressesTest, NextIsTriedWhenOneRefuses) {
  const auto [server, trap] = beside_server<RefusingPort>("127.0.0.2");
  names_.answers("two.test", {{"127.0.0.2", "127.0.0.1"}});
  expect_answer(ask(add_named("two.test", server->port()), post("/")), 200, "here");
  EXPECT_EQ(names_.asked(), 1);
}

// Without waiting for the kernel to give the first one up, which takes minutes.
TEST_F(AddressesTest, NextIsTriedWhenOneSwallowsPackets) {
  const auto [server, trap] = beside_server<SilentPort>("127.0.0.2");
  names_.answers("two.test", {{"127.0.0.2", "127.0.0.1"}});
  const auto start = std::chrono::steady_clock::now();
  expect_answer(ask(add_named("two.test", server->port()), post("/")), 200, "here");
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(250));
  EXPECT_EQ(client_->counts().connections_opened, 1u);
}

TEST_F(AddressesTest, OfTheOtherFamilyIsTried) {
  if (!has_ipv6()) GTEST_SKIP() << "no IPv6 on loopback";
  const auto [server, trap] = beside_server<RefusingPort>("::1");
  names_.answers("both.test", {{"::1", "127.0.0.1"}});
  expect_answer(ask(add_named("both.test", server->port()), post("/")), 200, "here");
}

TEST_F(AddressesTest, ThatAllFailAreToldOneByOne) {
  const RefusingPort first("127.0.0.1");
  const RefusingPort second("127.0.0.2", first.port());
  if (!second.bound()) GTEST_SKIP() << "the port is taken on the second address";
  names_.answers("bad.test", {{"127.0.0.1", "127.0.0.2"}});
  const std::string port = std::to_string(first.port());
  expect_failure(ask(add_named("bad.test", first.port()), post("/")), Kind::connect, false, false,
                 "cannot connect to bad.test:" + port +
                     ": 127.0.0.1: connection refused, 127.0.0.2: connection refused");
}

TEST_F(AddressesTest, ThatDoNotAnswerInTimeAreToldBesideThoseThatRefuse) {
  const RefusingPort refusing("127.0.0.1");
  const SilentPort silent("127.0.0.2", refusing.port());
  if (!silent.bound()) GTEST_SKIP() << "the port is taken on the second address";
  names_.answers("bad.test", {{"127.0.0.1", "127.0.0.2"}});
  OriginOptions options = origin_options("http://bad.test:" + std::to_string(refusing.port()));
  options.connect_timeout = std::chrono::milliseconds(300);
  expect_failure(ask(add(options), post("/")), Kind::timeout, false, false,
                 "within 300 ms (127.0.0.1: connection refused, 127.0.0.2: no answer)");
}

TEST_F(AddressesTest, OfAnUnknownNameAreAskedForAgainByTheNextRequest) {
  RawServer server(say_here);
  names_.answers("late.test", {{}, {"127.0.0.1"}});
  const auto origin = add_named("late.test", server.port());
  expect_failure(ask(origin, post("/")), Kind::dns, false, false,
                 "cannot find the host 'late.test': unknown node or service");
  expect_answer(ask(origin, post("/")), 200, "here");
  EXPECT_EQ(names_.asked(), 2);
}

TEST_F(AddressesTest, AreAskedForOnceByManyConnections) {
  RawServer server(say_here);
  names_.answers("one.test", {{"127.0.0.1"}});
  const auto origin = add_named("one.test", server.port());
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 20; ++i) client().send(origin, post("/"), into(outcomes));
  run_until([&] { return outcomes.size() == 20; });
  for (const Outcome& outcome : outcomes) expect_answer(outcome, 200, "here");
  EXPECT_EQ(names_.asked(), 1);
}

// The remembered address is of no use any more: the same request finds the new one.
TEST_F(AddressesTest, ThatWereRememberedAreAskedForAnewWhenTheyFail) {
  auto [old_server, trap] = beside_server<RefusingPort>("127.0.0.2");
  const int port = old_server->port();
  trap.reset();
  RawServer new_server({.ip = "127.0.0.2", .port = port}, [](RawServer::Peer& peer, int) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nnew");
  });
  names_.answers("moves.test", {{"127.0.0.1"}, {"127.0.0.2"}});
  const auto origin = add_named("moves.test", port);
  expect_answer(ask(origin, post("/")), 200, "here");
  old_server.reset();
  expect_answer(ask(origin, post("/")), 200, "new");
  EXPECT_EQ(names_.asked(), 2);
}

TEST_F(AddressesTest, ThatAreWrittenInTheUrlAreNotAskedFor) {
  RawServer four(say_here);
  expect_answer(ask(add(four.url()), post("/")), 200, "here");
  if (has_ipv6()) {
    RawServer six({.ip = "::1"}, [](RawServer::Peer& peer, int) {
      const std::string request = peer.read_request();
      const bool named = request.find("Host: [::1]:") != std::string::npos;
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" +
                std::string(named ? "six" : "???"));
    });
    expect_answer(ask(add(six.url()), post("/")), 200, "six");
  }
  EXPECT_EQ(names_.asked(), 0);
}

// "localhost" has an address of either family on most machines; the server listens on one alone.
TEST_F(AddressesTest, OfLocalhostAreKnownToTheSystem) {
  RawServer server(say_here);
  client_ = std::make_unique<Client>(loop_);
  expect_answer(ask(add_named("localhost", server.port()), post("/")), 200, "here");
}

TEST(InterleaveFamilies, TakesTurnsFromTheFirstOnAndKeepsTheOrderWithin) {
  const auto mixed = [](const std::vector<std::string>& ips) {
    std::vector<sockaddr_storage> addresses;
    for (const std::string& ip : ips) addresses.push_back(socket_address(ip));
    std::vector<std::string> out;
    for (const sockaddr_storage& address : net::interleave_families(addresses)) {
      char text[INET6_ADDRSTRLEN] = "";
      uv_ip_name(reinterpret_cast<const sockaddr*>(&address), text, sizeof text);
      out.emplace_back(text);
    }
    return out;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(mixed({"::1", "::2", "::3", "10.0.0.1"}), (Names{"::1", "10.0.0.1", "::2", "::3"}));
  EXPECT_EQ(mixed({"10.0.0.1", "10.0.0.2", "::1", "::2"}),
            (Names{"10.0.0.1", "::1", "10.0.0.2", "::2"}));
  EXPECT_EQ(mixed({"10.0.0.2", "10.0.0.1"}), (Names{"10.0.0.2", "10.0.0.1"}));
  EXPECT_EQ(mixed({}), Names{});
}

}  // namespace
}  // namespace sluice::http
