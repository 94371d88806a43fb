// Parameters and columns of the board's statements. Private to board*.cc.
//
// Threads: plain functions.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "postgres/connection.h"

namespace sluice::shared_job {

inline postgres::SqlValue sql_text(std::string text) {
  return {.bytes = std::move(text)};
}
inline postgres::SqlValue sql_integer(std::int64_t number) {
  return sql_text(std::to_string(number));
}
inline postgres::SqlValue sql_integer(std::uint64_t number) {
  return sql_text(std::to_string(number));
}

inline std::int64_t integer_at(const postgres::PgResult& rows, int row, int column) {
  std::int64_t number = 0;
  const std::string_view digits = rows.text(row, column);
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}
inline std::uint64_t unsigned_at(const postgres::PgResult& rows, int row, int column) {
  return static_cast<std::uint64_t>(integer_at(rows, row, column));
}

}  // namespace sluice::shared_job
