// What a transport failure means for the scheduler and the ledger (docs/providers.md, No response).
#pragma once

#include "http/client.h"
#include "provider/outcome.h"

namespace sluice::dispatch {

provider::Outcome outcome_of(const http::Failure& failure);

}  // namespace sluice::dispatch
