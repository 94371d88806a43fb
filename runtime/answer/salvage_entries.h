// Gives the entries of a reply to the rows that were asked: what an entry's own id is, and whether
// it can be an answer. For salvage.cc. One thread.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "answer/salvage.h"

namespace sluice::answer {

// Finds ids. Replies mostly keep the order of the rows, so the row after the latest is tried first.
class RowIds {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  explicit RowIds(std::span<const std::string> ids) : ids_(ids) {}
  std::size_t find(std::string_view id);

 private:
  std::span<const std::string> ids_;
  std::size_t next_ = 0;
  std::vector<std::size_t> sorted_;  // by id; made when the first guess fails
};

// Whether an object has two members of one name.
bool repeats_a_member(const simdjson::dom::object& object);

class EntryCollector {
 public:
  explicit EntryCollector(std::span<const std::string> ids) : ids_(ids), rows_(ids.size()) {}

  // `key`: what it stands under, in an object with a member for each row. False, and nothing is
  // taken, when the object has neither key nor "id".
  bool add(const simdjson::dom::object& object, std::optional<std::string_view> key);
  Salvaged finish();

 private:
  struct Row {
    enum class State : std::uint8_t { none, answered, conflicting };
    State state = State::none;
    simdjson::dom::object object;
    std::string text;  // minified; made when a second entry comes
  };
  void give(Row& row, const simdjson::dom::object& object);

  RowIds ids_;
  std::vector<Row> rows_;
  Salvaged out_;
};

}  // namespace sluice::answer
