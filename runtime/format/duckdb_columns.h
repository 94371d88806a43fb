// JSON objects into the columns of DuckDB's chunks.
//
// Threads: one.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "format/column.h"
#include "format/duckdb_api.h"

namespace sluice::format::duckdb {

constexpr std::size_t kChunkRows = 2048;  // what a chunk holds

class ColumnFiller {
 public:
  ColumnFiller(const Api& api, std::vector<Column> columns)
      : api_(api), columns_(std::move(columns)) {}

  // Declares a table function's columns, named c0, c1, …; for its bind callback.
  void declare(Info info) const;
  // Of these the columns with their names, in SQL.
  std::string selected() const;

  // `records`: at most kChunkRows, one behind the other; `ends`: where each ends. A column that a record
  // has not is null there, a member without a column is passed over. An Error (ErrorCode::io) names the
  // record, counted from the first call's first, whose value is not of its column's type.
  core::Status fill(std::string_view records, const std::vector<std::size_t>& ends, Chunk chunk);

 private:
  core::Status fill_row(std::string_view record, Count row);
  core::Status put_value(const Column& column, std::size_t at, Count row,
                         const simdjson::dom::element& value, std::string_view text);
  core::Status put_list(const Column& column, std::size_t at, Count row,
                        const simdjson::dom::array& list);
  bool put_scalar(ColumnType type, Vector vector, Count row, const simdjson::dom::element& value,
                  std::string_view text);
  void put_null(std::size_t at, Count row);
  void set_invalid(Vector vector, Count row);
  std::unexpected<core::Error> wrong(const Column& column, std::string_view wanted,
                                     const simdjson::dom::element& value) const;

  const Api& api_;
  const std::vector<Column> columns_;
  std::vector<Vector> vectors_;
  std::vector<Count> elements_;  // of each column of lists: how many are in this chunk
  std::vector<bool> there_;
  std::string json_;
  std::uint64_t number_ = 0;  // of the record, from 1
  simdjson::dom::parser parser_;
};

}  // namespace sluice::format::duckdb
