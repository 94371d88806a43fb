// The listener with clients that are not what one wishes for.
#include "listen/listener.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "support.h"

namespace sluice::listen {
namespace {

using testing::HasSubstr;

class Peer {
 public:
  explicit Peer(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{120, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Peer() { ::close(socket_); }
  Peer(const Peer&) = delete;
  bool connected() const { return connected_; }
  void say(std::string_view text) const {
    (void)::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
  }
  std::string hear_all() const {
    std::string all;
    char bytes[65536];
    for (ssize_t n; (n = ::recv(socket_, bytes, sizeof bytes, 0)) > 0;)
      all.append(bytes, static_cast<std::size_t>(n));
    return all;
  }

 private:
  int socket_;
  bool connected_ = false;
};

constexpr std::string_view kAsk =
    "GET /api/state HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

class ListenerTest : public testing::Test {
 protected:
  void SetUp() override {
    const Address address{"127.0.0.1", 0};
    auto opened =
        Listener::open(address, *Gate::make(address, {}), source_, [] { return ProcessFigures(); });
    ASSERT_TRUE(opened) << opened.error().text();
    listener_ = std::move(*opened);
  }
  FakeSource source_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(ListenerTest, AnswersAGoodClientAmongAThousandThatAreNot) {
  std::vector<std::unique_ptr<Peer>> bad;
  for (int i = 0; i < 1000; ++i) {
    bad.push_back(std::make_unique<Peer>(listener_->port()));
    switch (i % 5) {
      case 0:  // says nothing
        break;
      case 1:
        bad.back()->say("GET /api/state HTTP/1.1\r\nHost: local");
        break;
      case 2:
        bad.back()->say("\x16\x03\x01\x02 not HTTP at all\r\n\r\n");
        break;
      case 3:
        bad.back()->say(
            "POST /api/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\nx");
        break;
      case 4:  // asks, and reads nothing
        for (int k = 0; k < 20; ++k)
          bad.back()->say("GET /dashboard.js HTTP/1.1\r\nHost: localhost\r\n\r\n");
        break;
    }
    if (i % 100 == 99) {
      const Peer good(listener_->port());
      good.say(kAsk);
      EXPECT_THAT(good.hear_all(), HasSubstr("\"job\":\"tickets\"")) << "after " << i;
    }
  }
  bad.clear();
  const Peer good(listener_->port());
  good.say(kAsk);
  EXPECT_THAT(good.hear_all(), HasSubstr("200 OK"));
}

TEST_F(ListenerTest, RefusesABodyThatIsTooLarge) {
  const Peer peer(listener_->port());
  peer.say("POST /api/budget HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_THAT(peer.hear_all(), HasSubstr("413"));
}

TEST_F(ListenerTest, SaysWhereAPortIsTaken) {
  const Address taken{"127.0.0.1", listener_->port()};
  const auto second =
      Listener::open(taken, *Gate::make(taken, {}), source_, [] { return ProcessFigures(); });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, core::ErrorCode::io);
  EXPECT_THAT(second.error().message, HasSubstr("address already in use"));
  const Address elsewhere{"no-such-name.invalid", 1};
  const auto none =
      Listener::open(elsewhere, *Gate::make(elsewhere, core::Secret("0123456789abcdef")), source_,
                     [] { return ProcessFigures(); });
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("cannot listen on no-such-name.invalid:1"));
}

}  // namespace
}  // namespace sluice::listen
