#include "wire/schema_rules.h"

#include <algorithm>
#include <array>

namespace sluice::wire {
namespace {

constexpr int kDeepest = 64;

std::string below(std::string_view path, std::string_view name) {
  std::string out(path);
  if (!out.empty()) out += '.';
  return out += name;
}

// "object", also of a list of types that holds it.
std::string type_of(const Element& schema) {
  std::string_view type;
  if (schema["type"].get(type) == simdjson::SUCCESS) return std::string(type);
  simdjson::dom::array types;
  if (schema["type"].get(types) != simdjson::SUCCESS) return {};
  for (const Element entry : types) {
    if (entry.get(type) == simdjson::SUCCESS && type != "null") return std::string(type);
  }
  return {};
}

bool is_required(const Element& schema, std::string_view property) {
  simdjson::dom::array names;
  if (schema["required"].get(names) != simdjson::SUCCESS) return false;
  return std::any_of(names.begin(), names.end(), [&](const Element& entry) {
    std::string_view name;
    return entry.get(name) == simdjson::SUCCESS && name == property;
  });
}

std::optional<SchemaMistake> mistake_at(const Element& schema, const SchemaRules& rules,
                                        const std::string& path, int depth) {
  simdjson::dom::object fields;
  if (depth > kDeepest || schema.get(fields) != simdjson::SUCCESS) return std::nullopt;
  const std::string type = type_of(schema);
  for (const auto [name, value] : fields) {
    if (std::find(rules.refused.begin(), rules.refused.end(), name) != rules.refused.end())
      return SchemaMistake{path, std::string(name), {}, type};
  }
  simdjson::dom::object properties;
  const bool has_properties = schema["properties"].get(properties) == simdjson::SUCCESS;
  if (type == "object" || has_properties) {
    bool open = true;
    if (rules.closed_objects &&
        (schema["additionalProperties"].get(open) != simdjson::SUCCESS || open))
      return SchemaMistake{path, "additionalProperties", {}, type};
  }
  if (has_properties) {
    for (const auto [name, value] : properties) {
      if (rules.all_required && !is_required(schema, name))
        return SchemaMistake{path, "required", std::string(name), type};
      if (auto found = mistake_at(value, rules, below(below(path, "properties"), name), depth + 1))
        return found;
    }
  }
  Element inner;
  if (schema["items"].get(inner) == simdjson::SUCCESS) {
    if (auto found = mistake_at(inner, rules, below(path, "items"), depth + 1)) return found;
  }
  constexpr std::array<const char*, 3> kLists = {"anyOf", "oneOf", "allOf"};
  for (const char* key : kLists) {
    simdjson::dom::array list;
    if (schema[key].get(list) != simdjson::SUCCESS) continue;
    std::size_t at = 0;
    for (const Element entry : list) {
      const std::string place = below(below(path, key), std::to_string(at++));
      if (auto found = mistake_at(entry, rules, place, depth + 1)) return found;
    }
  }
  constexpr std::array<const char*, 2> kDefinitions = {"$defs", "definitions"};
  for (const char* key : kDefinitions) {
    simdjson::dom::object definitions;
    if (schema[key].get(definitions) != simdjson::SUCCESS) continue;
    for (const auto [name, value] : definitions) {
      if (auto found = mistake_at(value, rules, below(below(path, key), name), depth + 1))
        return found;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<SchemaMistake> schema_mistake(const Element& schema, const SchemaRules& rules) {
  return mistake_at(schema, rules, "", 0);
}

}  // namespace sluice::wire
