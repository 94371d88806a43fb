// Sends each attempt as one HTTP request at once, with its endpoint's codec.
//
// Invariants (both are http::Client's): every send() finishes exactly once; a request is written at
// most once.
#pragma once

#include "dispatch/sender.h"

namespace sluice::dispatch {

core::Result<std::unique_ptr<Sender>> make_online_sender(const SenderSetup& setup);

}  // namespace sluice::dispatch
