#include "table/row_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/row.h"
#include "format/formats.h"
#include "format/json_value.h"

namespace sluice::table {

bool is_json(simdjson::dom::parser& parser, std::string_view text) {
  simdjson::dom::element value;
  return format::parse_json(parser, text, value) == simdjson::SUCCESS;
}

void append_in_one_line(std::string& out, std::string_view json) {
  const std::size_t from = out.size();
  out += json;
  std::ranges::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(from), out.end(),
      [](char c) { return c == '\n' || c == '\r'; }, ' ');
}

void append_hex_string(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\"\\\\x";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 0xF];
  }
  out += '"';
}

std::string sql_name(std::string_view identifier) {
  std::string out = "\"";
  for (const char c : identifier) {
    if (c == '"') out += '"';
    out += c;
  }
  return out += '"';
}

std::string_view without_end(std::string_view sql) {
  const std::size_t last = sql.find_last_not_of("; \t\r\n");
  return sql.substr(0, last == sql.npos ? 0 : last + 1);
}

core::Status no_name_twice(const std::vector<std::string>& columns, const std::string& where) {
  std::vector<std::string> sorted = columns;
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  if (twice == sorted.end()) return {};
  return core::fail(
      core::ErrorCode::pipeline,
      fmt::format("the query has two columns named '{0}': name one of them with AS {0}2", *twice),
      where);
}

core::Status not_too_long(std::string_view row, std::uint64_t line, const std::string& where) {
  if (row.size() <= core::kMaxRowBytes) return {};
  return core::fail(core::ErrorCode::io,
                    fmt::format("this row is longer than {} MiB, the most that a row may have: "
                                "leave its large columns out by a query",
                                core::kMaxRowBytes >> 20),
                    format::place(where, line));
}

}  // namespace sluice::table
