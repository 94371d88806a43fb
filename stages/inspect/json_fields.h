// Fields of JSON objects that programs of ours wrote, perhaps newer ones: what is missing, or of
// another kind, is not known.
//
// Threads: any; plain functions. For .cc files alone: it includes simdjson.
#pragma once

#include <simdjson.h>

#include <cmath>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::inspect {

inline std::optional<double> json_number(const simdjson::dom::object& object,
                                         std::string_view name) {
  double value = 0;
  if (object[name].get(value) || !std::isfinite(value)) return std::nullopt;
  return value;
}

// One that cannot be negative.
inline std::optional<double> json_amount(const simdjson::dom::object& object,
                                         std::string_view name) {
  const auto value = json_number(object, name);
  return value && *value >= 0 ? value : std::nullopt;
}

inline std::optional<bool> json_flag(const simdjson::dom::object& object, std::string_view name) {
  bool value = false;
  if (object[name].get(value)) return std::nullopt;
  return value;
}

inline std::string json_text(const simdjson::dom::object& object, std::string_view name) {
  std::string_view value;
  if (object[name].get(value)) return {};
  return std::string(value);
}

}  // namespace sluice::inspect
