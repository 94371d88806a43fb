// JSON objects as records of CSV (RFC 4180): written, and read back.
//
// Threads: one.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

namespace sluice::format {

constexpr std::string_view kRecordEnd = "\r\n";

// Appends `text` as a cell: in quotes where it is empty, which tells it from null, or holds the
// delimiter, a quote or a line end. Nothing else is changed: not what a spreadsheet takes for a formula.
void append_csv_text(std::string& out, std::string_view text, char delimiter = ',');

// Appends `value` as a cell: text as it is, a null as an empty cell, anything else as JSON, numbers as
// `json`, which begins with the value's own text, has them.
void append_csv_cell(std::string& out, const simdjson::dom::element& value, std::string_view json,
                     char delimiter = ',');

// Of the names of columns, without an end.
std::string csv_header(const std::vector<std::string>& columns, char delimiter = ',');

// The cells of one record as this header writes it, without its end.
std::vector<std::string> csv_cells(std::string_view record, char delimiter = ',');

}  // namespace sluice::format
