// The rows of an SQLite table, or of a query.
//
// A table is read in pages by its rowid or primary key: no lock is held while the rows wait for the
// job, so that other programs can write meanwhile. A row that is changed while the job reads is read
// as it is when its page is. A query is one statement, whose lock stands until its end.
//
// Values: integers and reals as numbers (a real in the shortest form that reads back the same, an
// infinite one as null), text as text, null as null, bytes as text "\x0aff". By the column's declared
// type: BOOLEAN 0 and 1 are false and true, JSON is embedded.
//
// Threads: one.
#pragma once

#include <memory>

#include "core/error.h"
#include "format/record_source.h"
#include "table/spec.h"

namespace sluice::table {

core::Result<std::unique_ptr<format::RecordSource>> open_sqlite_source(const Spec& spec);

}  // namespace sluice::table
