// Keeps a port while nobody listens on it: connections to it are refused, and no other program gets
// it meanwhile.
//
// Threads: any one.
#pragma once

#include <string>

namespace sluice::mock {

class PortHolder {
 public:
  PortHolder() = default;
  ~PortHolder() { release(); }
  PortHolder(const PortHolder&) = delete;
  PortHolder& operator=(const PortHolder&) = delete;

  // Best effort: without it the port is only likely to be free later.
  void hold(const std::string& host, int port);
  void release();

 private:
  int socket_ = -1;
};

}  // namespace sluice::mock
