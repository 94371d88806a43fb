#include "stages/key.h"

#include <fmt/format.h>

#include "format/json_value.h"

namespace sluice::stages {

std::string fields_of(const simdjson::dom::object& object) {
  constexpr std::size_t kMost = 12;
  std::string names;
  std::size_t count = 0;
  for (const auto [name, value] : object) {
    if (++count > kMost) break;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
  }
  if (names.empty()) return "it has no fields";
  return fmt::format("it has: {}{}", names, count > kMost ? ", …" : "");
}

void key_by_content(core::Row& row) {
  row.key_json.clear();
}

std::string assign_key(core::Row& row, const simdjson::dom::object& object,
                       const std::string& key_field) {
  simdjson::dom::element key;
  const auto by_content = [&](std::string wrong) {
    key_by_content(row);
    return wrong;
  };
  if (key_field.empty()) return by_content({});
  if (object[key_field].get(key))
    return by_content(
        fmt::format("the row has no key field '{}' ({})", key_field, fields_of(object)));
  if (!key.is_string() && !key.is_number())
    return by_content(fmt::format("key field '{}' is neither text nor a number", key_field));
  row.key_json.clear();
  format::append_as_written(
      row.key_json, key,
      format::has_own_form(key) ? format::member_text(object, row.raw, key_field) : "");
  return {};
}

}  // namespace sluice::stages
