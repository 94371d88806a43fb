#include "stages/key.h"

#include <fmt/format.h>

namespace sluice::stages {

void key_by_content(core::Row& row) {
  row.key_json.clear();
  row.key_hash = core::hash128(row.raw);
}

std::string assign_key(core::Row& row, const simdjson::dom::object& object,
                       const std::string& key_field) {
  key_by_content(row);
  if (key_field.empty()) return {};
  simdjson::dom::element key;
  if (object[key_field].get(key)) return fmt::format("no key field '{}'", key_field);
  if (!key.is_string() && !key.is_number())
    return fmt::format("key field '{}' is neither text nor a number", key_field);
  row.key_json = simdjson::minify(key);
  row.key_hash = core::hash128(row.key_json);
  return {};
}

}  // namespace sluice::stages
