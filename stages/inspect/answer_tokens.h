// How many tokens an answer is likely to have, before any has come: by its declaration.
//
// Threads: pure functions; any.
#pragma once

#include "stages/spec.h"

namespace sluice::inspect {

// Of one row. An embedding has none.
double answer_tokens(const stages::PackSpec& pack);

}  // namespace sluice::inspect
