// Tables of databases as sources of rows, and as targets of answers.
//
// Threads: any.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "format/column.h"
#include "format/record_source.h"
#include "format/record_target.h"
#include "table/spec.h"

namespace sluice::table {

// Rows as JSON objects, a column a member. A table's rows come in the order of its primary key (of its
// rowid), a query's in the order that it asks for.
core::Result<std::unique_ptr<format::RecordSource>> open_source(const Spec& spec);

struct Target {
  Spec spec;
  std::string job;                           // whose answers these are
  std::string key = {};                      // the column that names a row; empty = none
  std::vector<format::Column> columns = {};  // those whose types are declared
  std::vector<std::string> only = {};        // columns to put; none: all that the lines have
};

// Its open() connects. What the rows of a target keep to stands in a table of the same database (and
// schema): sluice_progress (job text PRIMARY KEY, bytes bigint, digest text), a row a job and table,
// which is written in the transaction that writes the rows.
std::unique_ptr<format::RecordTarget> make_target(Target target);

}  // namespace sluice::table
