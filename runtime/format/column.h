// Columns of rows that are written where columns have types: a Parquet file, a table.
//
// Threads: one.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::format {

// json: lists, objects, integers of more than 63 bits, and what is not of one type; as JSON text where
// nothing better is there.
enum class ColumnType : std::uint8_t { text, integer, number, boolean, json };

struct Column {
  std::string name;
  ColumnType type = ColumnType::text;
  // Of json: where each value is a list of scalars of one type, that type, for targets that have lists.
  std::optional<ColumnType> element = std::nullopt;
  friend bool operator==(const Column&, const Column&) = default;
};

// Finds the columns of JSON objects, in the order of their first appearance, and of each the narrowest
// type that holds all its values; null fits all. A column of nothing but nulls is text.
class ColumnFinder {
 public:
  // Columns whose types are known, whatever values they have (of json the elements' are found); they
  // stand where they are met first, else at the end.
  explicit ColumnFinder(std::vector<Column> known = {}) : known_(std::move(known)) {}
  // False: it is not a JSON object.
  bool add(std::string_view record);
  std::vector<Column> columns() const;

 private:
  struct Found {
    Column column;
    bool known = false;        // the type is declared
    bool seen = false;         // it has had a value
    bool lists = true;         // all values so far are lists
    bool has_element = false;  // one of them has given the type of elements
    ColumnType element = ColumnType::text;
  };
  static void add_value(Found& found, const simdjson::dom::element& value);
  const std::vector<Column> known_;
  std::vector<Found> found_;
  simdjson::dom::parser parser_;
};

}  // namespace sluice::format
