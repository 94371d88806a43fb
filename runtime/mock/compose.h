// What a request is answered, whichever way it came: by a call, or as a line of a batch. The same
// request is answered the same, but for what `draws` decides.
//
// Threads: a plain function, any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "core/clock.h"
#include "mock/answer_plan.h"
#include "mock/fault.h"
#include "mock/options.h"
#include "provider/row_tags.h"
#include "wire/wire.h"

namespace sluice::mock {

struct Composed {
  wire::Answer answer;                    // without its tier and latency
  std::vector<provider::FramedRow> rows;  // that were asked about; they borrow from `asked`
};

// `plan`: of the answer; null = free text.
Composed compose(const wire::Wire& wire, const wire::Asked& asked, const AnswerPlan* plan,
                 Fault fault, const Options& options, std::uint64_t draws, core::WallTime wall_now);

}  // namespace sluice::mock
