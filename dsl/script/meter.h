// What a Lua state may use: memory, and work for one call. Work is counted in instructions of Lua's
// virtual machine; what C functions do is charged at their share (a step of the pattern matcher, an
// element moved, 16 bytes allocated: one each), since the instruction hook does not fire inside
// them.
//
// Threads: as the state that it belongs to, one at a time.
//
// Invariants:
//   1. Once a limit is passed the meter stays tripped until the next begin(): pcall and xpcall of
//      the sandbox pass the error on, so that no script goes on after it.
//   2. Memory never passes its limit by more than kSlack, which is for making the error message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sluice::script {

constexpr std::size_t kMemoryLimit = 64u << 20;   // bytes of one Lua state
constexpr std::uint64_t kCallWork = 10'000'000;   // one call of a function on a row
constexpr std::uint64_t kLoadWork = 100'000'000;  // loading the file and its modules
constexpr std::uint64_t kBytesPerWork = 16;       // bytes allocated that count as one instruction
constexpr int kHookInterval = 1000;  // instructions from one look at the meter to the next
// Processor time: a backstop for long comparisons and the like, which are neither instructions nor
// memory. Far above what the work limits take.
constexpr double kCallSeconds = 10;
constexpr double kLoadSeconds = 60;

enum class Limit : std::uint8_t { none, work, memory, time };

class Meter {
 public:
  // A new call begins.
  void begin(std::uint64_t work, double seconds) {
    work_ = 0;
    work_limit_ = work;
    seconds_limit_ = seconds;
    started_ = 0;
    tripped_ = Limit::none;
    refused_ = 0;
  }

  // Adds work; false when the limit is passed.
  bool charge(std::uint64_t units) {
    work_ = units > work_limit_ ? work_limit_ + 1 : work_ + units;
    if (work_ > work_limit_ && tripped_ == Limit::none) tripped_ = Limit::work;
    return work_ <= work_limit_;
  }
  std::uint64_t work_left() const { return work_ < work_limit_ ? work_limit_ - work_ : 0; }

  // Looks at the processor's time; false when it is up. First call in a call of the script: starts
  // to measure.
  bool check_time();

  // Whether a block may grow from `from` to `to` bytes; counts it when it may.
  bool grow(std::size_t from, std::size_t to);
  void shrink(std::size_t from, std::size_t to) { used_ -= from - to; }

  Limit tripped() const {
    return tripped_ == Limit::none && refused_ != 0 ? Limit::memory : tripped_;
  }
  // "the limit of 10 million instructions"
  std::string words() const;

 private:
  static constexpr std::size_t kSlack = 1u << 20;
  static constexpr std::size_t kSmallBlock = 4096;  // still granted when the work is used up

  std::size_t used_ = 0;
  std::size_t refused_ = 0;  // size of the last block refused, until it is granted after all
  std::uint64_t work_ = 0;
  std::uint64_t work_limit_ = kLoadWork;
  double seconds_limit_ = kLoadSeconds;
  double started_ = 0;  // thread's processor time at the first check; 0 = not yet
  Limit tripped_ = Limit::none;
};

}  // namespace sluice::script
