// What providers demand of a JSON Schema before they answer by it.
//
// Threads: plain functions, any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "wire/fields.h"

namespace sluice::wire {

struct SchemaRules {
  bool closed_objects = false;  // "additionalProperties": false on every object
  bool all_required = false;    // every property in "required"
  // Keywords that are refused.
  std::span<const std::string_view> refused = {};
};

struct SchemaMistake {
  std::string path;     // "properties.a.items"; empty = the schema itself
  std::string keyword;  // the one that is refused, or that is missing or wrong
  std::string missing;  // from "required": this property
  std::string type;     // of the place: "object"
};

// The first place of `schema` that breaks a rule. Schemas that nest deeper than 64 are cut there.
std::optional<SchemaMistake> schema_mistake(const Element& schema, const SchemaRules& rules);

}  // namespace sluice::wire
