// DuckDB's values as JSON, so that nothing is lost (docs/data.md, Parquet, has the table): a number
// keeps its digits, what JSON has no form for is text.
//
// Threads: one.
#pragma once

#include <simdjson.h>

#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "format/duckdb_api.h"

namespace sluice::format::duckdb {

// How the values of one type are read: what they are to be cast to in SQL, where DuckDB's own text is
// what is wanted, and how the vector of that is written.
class ValueForm {
 public:
  // ErrorCode::io for a type that has no form here.
  static core::Result<ValueForm> of(const Api& api, Type type);

  // The type to cast to; empty: as it is.
  std::string cast() const { return casts() ? sql_ : std::string(); }
  // For people: the type as SQL has it.
  const std::string& title() const { return title_; }
  // Appends the value of `row`.
  void append(const Api& api, Vector vector, Count row, std::string& out);

 private:
  enum class Kind : std::uint8_t {
    boolean,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    float32,
    float64,
    text,
    digits,     // a number as text
    timestamp,  // as text, "2024-01-02 03:04:05"
    blob,
    json,
    null,
    list,
    array,
    record,
    map
  };
  struct Leaf;
  static const Leaf kLeaves[];

  bool casts() const;
  core::Status nest(const Api& api, Type owned, std::string_view name = {});
  void append_json_text(std::string_view text, std::string& out);
  void append_elements(const Api& api, Vector child, Count first, Count length, std::string& out);
  void append_map(const Api& api, Vector entries, ListEntry entry, std::string& out);

  Kind kind_ = Kind::null;
  bool cast_ = false;  // this type itself is cast
  std::string sql_;
  std::string title_;
  Count size_ = 0;                  // of an array
  std::vector<ValueForm> inner_;    // of a list its elements', of a map keys and values
  std::vector<std::string> names_;  // of a record
  std::vector<std::string> keys_;   // "\"name\":"
  std::shared_ptr<simdjson::dom::parser> parser_;  // of json
};

}  // namespace sluice::format::duckdb
