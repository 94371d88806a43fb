// What a pipeline file may say: one table per stage, endpoint and field type. The same table drives
// the check of a file, the suggestion in its errors, the reference page (docs/pipeline-options.md)
// and the editor's types (docs/sluice.meta.lua), so that they cannot disagree.
//
// Threads: constant data.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace sluice::dsl {

enum class ValueType : std::uint8_t {
  text,
  whole,  // a whole number
  number,
  boolean,
  scalar,    // text, a number or a boolean
  duration,  // "1h30m", or a number of seconds
  money,     // "$1500", or a number of dollars
  choice,    // one of Option::choices
  secret,    // s.secret "NAME", or text
  secrets,   // a list of these
  function,
  prompt,         // a template, or a function
  columns,        // "row", or a list of field names
  names,          // a list of texts
  types,          // column = "int", …
  settings,       // name = text or s.secret "NAME", …
  fields,         // name = field type, …
  table,          // a table with a section of its own
  table_or_zero,  // such a table, or the number 0
};

struct Option {
  std::string_view name;
  ValueType type = ValueType::text;
  std::string_view meaning;        // one line
  std::string_view example;        // a value as written in the file
  std::string_view fallback = {};  // what holds when it is left out, in words
  bool required = false;
  std::optional<double> min = {};  // whole, number: value; text: bytes
  std::optional<double> max = {};
  std::string_view choices = {};  // "cheapest|in_order|spread"
  std::string_view luals = {};    // in the editor's types, where `type` does not say it
};

// What may stand in the table without a name.
struct Positional {
  std::string_view word = {};   // "path": what one is called; empty = none may
  std::string_view type = {};   // "text", in words
  std::string_view luals = {};  // in the editor's types: "string"
  std::string_view meaning = {};
  std::string_view example = {};
  int least = 0;
  int most = 0;
};

enum class SectionKind : std::uint8_t {
  pipeline,
  stage,
  step,
  endpoint,
  cascade,
  database,
  field,
  table
};
// step: a stage that is called with a function instead of a table

struct Section {
  std::string_view name;  // "pack": the constructor; "price": the option that holds the table
  SectionKind kind = SectionKind::stage;
  std::string_view meaning;
  std::string_view example;
  std::span<const Option> options;
  Positional positional = {};
  bool fields = false;  // names that are no option are fields: name = field type
  // The section that has the same options, but for defaults and examples: the pages say so, in place
  // of all of them again.
  std::string_view same_as = {};
};

// In the order of the reference page.
std::span<const Section> sections();

// The section of that name. `name` must be one.
const Section& section(std::string_view name);

// The option of that name; null when the section has none.
const Option* find_option(const Section& section, std::string_view name);

// "a whole number", "text", …: for messages and the reference page.
std::string_view type_description(ValueType type);

}  // namespace sluice::dsl
