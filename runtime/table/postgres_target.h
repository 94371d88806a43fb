// Answers into a table of PostgreSQL: lines are copied into a temporary table and put into the target by
// its own types, in one transaction with where they end.
//
//   put():  BEGIN ─ sluice_progress ─ COPY ─ INSERT … SELECT ─ COMMIT
//             │ the connection is lost, or the server is for a moment not able to
//             ▼
//           recover(): connect again (kReconnectFor at most), read sluice_progress:
//             where these lines end  → the transaction was committed: done
//             where they begin       → once more
//             anywhere else          → another run: an Error
//
// Threads: one. Waits up to kReconnectFor for a server that was there.
#pragma once

#include <memory>

#include "table/tables.h"

namespace sluice::table {

std::unique_ptr<format::RecordTarget> make_postgres_target(Target target);

}  // namespace sluice::table
