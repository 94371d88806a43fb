// Pools in PostgreSQL: a row of the table sluice_pool each, which is made on first use. Compared and set by an UPDATE with the version
// that was read, with the server's own time.
//
// Each step is one message of the simple protocol, "SET LOCAL statement_timeout; statement", which the server runs as one transaction: so
// none is left open, nothing is set for a session, and a pooler between may give each step another server (pgbouncer's transaction mode).
// libpq waits on a thread of its own.
//
// Rows that nobody has touched for kForgotten are taken out when a process begins.
//
// Threads: the loop's.
#pragma once

#include <chrono>

#include "pool_store/pool_store.h"

namespace sluice::pool_store {

// Of a row. Longer than a budget's members are away (fleet/budget.h).
constexpr std::chrono::days kForgotten{30};

// Connects to nothing yet.
std::unique_ptr<PoolStore> open_postgres(net::Loop& loop, const core::Secret& address);

}  // namespace sluice::pool_store
