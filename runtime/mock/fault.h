// Which fault befalls a request, drawn by the shares of Options::faults.
//
// Threads: a plain function, any thread.
#pragma once

#include <cstdint>

#include "mock/answer_plan.h"
#include "mock/options.h"

namespace sluice::mock {

enum class Fault : std::uint8_t {
  none,
  error_429,
  error_500,
  error_503,
  reset,
  hang,
  cut,
  truncate,
  garble,
  reasoning_only,
  // How an answer in JSON comes back; those before `fence` befall packs alone.
  drop_row,
  double_row,
  foreign_id,
  re_id,
  reorder,
  fence,
  trailing_comma
};

// `plan`: of the answer; null = free text.
Fault draw_fault(const Faults& faults, std::uint64_t draw, const AnswerPlan* plan);

// Those that befall a request whatever it asks for: all before `truncate`.
constexpr bool befalls_any(Fault fault) {
  return fault <= Fault::cut;
}

}  // namespace sluice::mock
