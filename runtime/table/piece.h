// A piece of a job's lines on its way into a table.
//
// Threads: one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "format/column.h"
#include "format/record_target.h"
#include "table/tables.h"

namespace sluice::table {

struct Piece {
  std::vector<std::string_view> lines;  // without their ends
  std::vector<format::Column> columns;  // of all of them
};

core::Result<Piece> piece_of(std::string_view lines, const Target& target);

// `the row with id "T-17"`, for messages; where there is no key, the row by its line.
std::string row_named(std::string_view line, const std::string& key);

// The first line that has the column; empty where none has.
std::string_view first_with(const Piece& piece, const std::string& column);

// The name that the place of this job's rows goes by in sluice_progress.
std::string progress_key(const Target& target);

std::optional<core::Hash128> hash_of_hex(std::string_view hex);

// What is the same of all databases. `table`: "table 'answers'".
core::Error column_missing(const Piece& piece, const std::string& column, const Target& target,
                           std::string_view type, const std::string& where);
core::Error rows_of_others(const Target& target, const std::string& where);
core::Error cannot_take_back(const Target& target, const std::string& where);
core::Error another_run(const Target& target, const std::string& where);
core::Error key_not_unique(const Target& target, const std::string& where);

}  // namespace sluice::table
