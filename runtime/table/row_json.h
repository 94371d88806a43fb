// A database's values as members of a row's JSON object.
//
// Threads: one.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace sluice::table {

// Whether `text` is one JSON value, with numbers of any length.
bool is_json(simdjson::dom::parser& parser, std::string_view text);

// `json`, one JSON value, in one line: a line break can only stand between its tokens.
void append_in_one_line(std::string& out, std::string_view json);

// \x0aff, as PostgreSQL writes bytes, and reads them again.
void append_hex_string(std::string& out, std::string_view bytes);

// "customer id": an identifier of SQL, in quotes.
std::string sql_name(std::string_view identifier);

// The statement without what ends it: blanks and semicolons.
std::string_view without_end(std::string_view sql);

// A second column of one name could not be told from the first in a row's object.
core::Status no_name_twice(const std::vector<std::string>& columns, const std::string& where);

// ErrorCode::io for a row that is longer than a row may be.
core::Status not_too_long(std::string_view row, std::uint64_t line, const std::string& where);

}  // namespace sluice::table
