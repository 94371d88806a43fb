// A responseSchema as a JSON Schema.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "core/json.h"
#include "wire/google.h"

namespace sluice::wire {
namespace {

// What it has beside the four that are looked into: type, properties, items, anyOf.
constexpr std::array<std::string_view, 21> kKeywords = {
    "format",   "title",         "description",
    "nullable", "enum",          "minItems",
    "maxItems", "required",      "propertyOrdering",
    "minimum",  "maximum",       "minLength",
    "pattern",  "maxLength",     "example",
    "default",  "minProperties", "maxProperties",
    "defs",     "ref",           "additionalProperties"};
constexpr std::array<std::string_view, 7> kTypes = {
    "TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT"};
constexpr int kDeepestSchema = 32;

using Written = std::expected<void, Refusal>;

bool is_named(std::string_view name, std::string_view camel) {
  return name == camel || name == snake_case(camel);
}

std::unexpected<Refusal> unknown_name(std::string_view name, const std::string& path) {
  return bad_request(
      fmt::format("Invalid JSON payload received. Unknown name \"{}\" at '{}': Cannot find field.",
                  name, path));
}

Written write_schema(core::JsonWriter& w, const Element& schema, const std::string& path,
                     int depth);

Written write_type(core::JsonWriter& w, const Element& schema, std::string_view type,
                   const std::string& path) {
  std::string upper(type);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (std::find(kTypes.begin(), kTypes.end(), upper) == kTypes.end() && upper != "NULL") {
    return bad_request(
        fmt::format("Invalid value at '{}.type' (type.googleapis.com/google.ai."
                    "generativelanguage.v1beta.Type), \"{}\"",
                    path, type));
  }
  std::string lower = upper;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  w.key("type");
  if (flag_at(schema, "nullable")) {
    w.raw(fmt::format(R"(["{}","null"])", lower));
  } else {
    w.value(lower);
  }
  return {};
}

Written write_properties(core::JsonWriter& w, const Element& value, const std::string& path,
                         int depth) {
  simdjson::dom::object properties;
  if (value.get(properties) != simdjson::SUCCESS)
    return bad_request(fmt::format("Invalid value at '{}' (an object)", path));
  w.key("properties");
  w.open('{');
  std::size_t at = 0;
  for (const auto [name, property] : properties) {
    w.key(name);
    if (auto done = write_schema(w, property, fmt::format("{}[{}].value", path, at++), depth + 1);
        !done)
      return done;
  }
  w.close('}');
  return {};
}

Written write_any_of(core::JsonWriter& w, const Element& value, const std::string& path,
                     int depth) {
  simdjson::dom::array choices;
  if (value.get(choices) != simdjson::SUCCESS)
    return bad_request(fmt::format("Invalid value at '{}' (an array)", path));
  w.key("anyOf");
  w.open('[');
  std::size_t at = 0;
  for (const Element choice : choices) {
    if (auto done = write_schema(w, choice, fmt::format("{}[{}]", path, at++), depth + 1); !done)
      return done;
  }
  w.close(']');
  return {};
}

// Bounds of lists and texts are 64-bit numbers, which protobuf's JSON writes as strings too.
std::string as_number(const Element& value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS &&
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; }) &&
      !text.empty())
    return std::string(text);
  return simdjson::minify(value);
}

Written write_schema(core::JsonWriter& w, const Element& schema, const std::string& path,
                     int depth) {
  simdjson::dom::object fields;
  if (depth > kDeepestSchema || schema.get(fields) != simdjson::SUCCESS)
    return bad_request(fmt::format("Invalid value at '{}' (an object)", path));
  w.open('{');
  for (const auto [name, value] : fields) {
    std::string_view type;
    Written done;
    if (name == "type" && value.get(type) == simdjson::SUCCESS) {
      done = write_type(w, schema, type, path);
    } else if (name == "properties") {
      done = write_properties(w, value, path + ".properties", depth);
    } else if (name == "items") {
      w.key("items");
      done = write_schema(w, value, path + ".items", depth + 1);
    } else if (is_named(name, "anyOf")) {
      done = write_any_of(w, value, path + ".any_of", depth);
    } else {
      const auto known =
          std::find_if(kKeywords.begin(), kKeywords.end(),
                       [name = name](std::string_view camel) { return is_named(name, camel); });
      if (known == kKeywords.end()) return unknown_name(name, path);
      w.key(*known);
      w.raw(as_number(value));
    }
    if (!done) return done;
  }
  w.close('}');
  return {};
}

}  // namespace

std::expected<std::string, Refusal> json_schema_of(const Element& schema, const std::string& path) {
  std::string out;
  core::JsonWriter w(out);
  if (auto done = write_schema(w, schema, path, 0); !done) return std::unexpected(done.error());
  return out;
}

}  // namespace sluice::wire
