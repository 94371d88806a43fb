// The words of one answer and its tokens: what the request's rows are answered, how a fault spoils
// it, and how much is said to be reasoning.
//
// Threads: a plain function, any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "mock/answer_plan.h"
#include "mock/fault.h"
#include "mock/options.h"
#include "provider/row_tags.h"
#include "wire/wire.h"

namespace sluice::mock {

// Fills text, refusal, cut, output and reasoning of `answer`. `draws` decides all that is left to
// chance about this request; `plan` is null for free text.
void write_text(wire::Answer& answer, const wire::Asked& asked, const AnswerPlan* plan,
                const std::vector<provider::FramedRow>& rows, Fault fault, const Options& options,
                std::uint64_t draws);

}  // namespace sluice::mock
