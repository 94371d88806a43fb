// Sends a webhook's message (webhook.h) until it has arrived, or the patience is over.
//
// Threads: any; the caller waits, on a loop of its own.
//
// Invariants:
//   1. It returns within Patience::whole, and soon after `stop` is requested.
//   2. A message may arrive twice (its answer was lost): its id says so.
#pragma once

#include <stop_token>

#include "core/error.h"
#include "notify/webhook.h"

namespace sluice::notify {

// ErrorCode::io, with the server (its scheme and host), the reason and the number of attempts.
core::Status deliver(const Webhook& webhook, const Message& message, const Patience& patience,
                     std::stop_token stop);

}  // namespace sluice::notify
