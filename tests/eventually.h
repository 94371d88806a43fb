// Waits for what happens in another process or thread that has no event of its own for a test: looked at again and again, for
// a minute at most.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace sluice {

// False: it did not come to hold.
inline bool eventually(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace sluice
