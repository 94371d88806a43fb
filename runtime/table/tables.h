// Tables of databases as sources of rows.
//
// Threads: any.
#pragma once

#include <memory>

#include "core/error.h"
#include "format/record_source.h"
#include "table/spec.h"

namespace sluice::table {

// Rows as JSON objects, a column a member. A table's rows come in the order of its primary key (of its
// rowid), a query's in the order that it asks for.
core::Result<std::unique_ptr<format::RecordSource>> open_source(const Spec& spec);

}  // namespace sluice::table
