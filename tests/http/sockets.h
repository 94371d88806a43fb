// Sockets in states that tests need, reached by looking and not by waiting for a while.
#pragma once

#include <netinet/in.h>

#include <string>
#include <vector>

namespace sluice::http {

sockaddr_storage socket_address(const std::string& ip, int port = 0);
bool has_ipv6();  // this machine speaks it on loopback

// A port of an address that refuses connections and is nobody else's while this lives.
class RefusingPort {
 public:
  explicit RefusingPort(const std::string& ip = "127.0.0.1", int port = 0);
  ~RefusingPort();
  RefusingPort(const RefusingPort&) = delete;
  bool bound() const { return descriptor_ >= 0; }
  int port() const { return port_; }

 protected:
  int descriptor_ = -1;
  int port_ = 0;
};

// One whose listener's queue is full, so that it answers no SYN.
class SilentPort : public RefusingPort {
 public:
  explicit SilentPort(const std::string& ip = "127.0.0.1", int port = 0);
  ~SilentPort();

 private:
  std::vector<int> fillers_;
};

// Returns when this process's kept connection to `port` has been closed or reset by its server, as
// far as the kernel is concerned.
void wait_until_ended(int port);

}  // namespace sluice::http
