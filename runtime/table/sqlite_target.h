// Answers into a table of an SQLite file.
//
// Values: text, integer, real; booleans as 0 and 1; lists and objects as their JSON text. A column that
// the table has already takes what SQLite lets it take.
//
// Threads: one. Waits for other programs' locks (kSqliteBusyMs).
#pragma once

#include <memory>

#include "table/tables.h"

namespace sluice::table {

std::unique_ptr<format::RecordTarget> make_sqlite_target(Target target);

}  // namespace sluice::table
