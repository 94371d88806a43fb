#include "script/meter.h"

#include <fmt/format.h>

#include <ctime>

namespace sluice::script {
namespace {

double thread_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

}  // namespace

bool Meter::check_time() {
  const double now = thread_seconds();
  if (started_ == 0) started_ = now;
  if (now - started_ <= seconds_limit_) return true;
  if (tripped_ == Limit::none) tripped_ = Limit::time;
  return false;
}

// Lua answers a refusal with a full collection and asks once more for the same size. Only when that
// fails too, or when nobody asks again (string buffers), the limit is really passed.
bool Meter::grow(std::size_t from, std::size_t to) {
  const std::size_t more = to - from;
  const bool work_done = !charge(more / kBytesPerWork);
  if (work_done && to > kSmallBlock) return false;
  const std::size_t limit =
      tripped() == Limit::none || refused_ == to ? kMemoryLimit : kMemoryLimit + kSlack;
  if (used_ + more > limit) {
    refused_ = to;
    return false;
  }
  if (refused_ == to) refused_ = 0;
  used_ += more;
  return true;
}

std::string Meter::words() const {
  switch (tripped()) {
    case Limit::memory:
      return fmt::format("the limit of {} MiB of memory", kMemoryLimit >> 20);
    case Limit::work:
      return fmt::format("the limit of {} million instructions", work_limit_ / 1'000'000);
    case Limit::time:
      return fmt::format("the limit of {} seconds of processor time", seconds_limit_);
    case Limit::none:
      return {};
  }
  return {};
}

}  // namespace sluice::script
