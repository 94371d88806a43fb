// A field's declaration: one list of these checks rows (validate) and another one is the answer's
// shape, which makes the JSON Schema that providers get, the words for those that take none, and
// the check on what comes back. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "answer/pattern.h"

namespace sluice::answer {

enum class FieldType : std::uint8_t { text, integer, number, boolean, one_of, list, object };

struct Field {
  std::string name;  // empty for a list's element
  FieldType type = FieldType::text;
  bool optional = false;
  std::optional<double>
      min;  // text: length in characters (code points); list: elements; numbers: value
  std::optional<double> max;
  Pattern pattern;                   // text: what it must hold a match of; may be none
  std::vector<std::string> choices;  // one_of, in the order given
  std::vector<Field> members;        // object: its fields; list: exactly one, the element
  std::string description;           // goes into the schema
};

}  // namespace sluice::answer
