// Whether work is under way, counted: what begins before its predecessor has ended leaves no moment
// in which nothing seems to run.
//
// Threads: any.
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice::flow {

class Activity {
 public:
  void begin() { ++begun_; }
  void end() { ++ended_; }

  // Whether nothing ran, from before `holds` was asked until after, and it held.
  template <class Holds>
  bool rests(const Holds& holds) const {
    const std::uint64_t ended = ended_;
    const bool held = holds();
    return held && begun_ == ended;
  }

 private:
  std::atomic<std::uint64_t> begun_ = 0;
  std::atomic<std::uint64_t> ended_ = 0;
};

}  // namespace sluice::flow
