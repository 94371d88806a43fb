// The rows of a PostgreSQL table, or of a query.
//
// A table with a primary key is read in pages of 10,000 rows by that key, each a statement of its own: no
// transaction is open for longer than a page, and a lost connection is made again. A row that is
// changed while the job reads is read as it is when its page is. A query, and a table without a primary
// key, is read by a cursor in one read-only snapshot (repeatable read), which stands until its end.
//
// Memory: a row, and what libpq has taken from the socket.
//
// Values are those of row_to_json: numbers as written (NaN and Infinity as text), times in ISO 8601
// (UTC where they have a zone), json and jsonb embedded, arrays as lists, bytea as text "\x0aff".
//
// Threads: one.
#pragma once

#include <memory>

#include "core/error.h"
#include "format/record_source.h"
#include "table/spec.h"

namespace sluice::table {

core::Result<std::unique_ptr<format::RecordSource>> open_postgres_source(const Spec& spec);

}  // namespace sluice::table
