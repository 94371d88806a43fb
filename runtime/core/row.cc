#include "core/row.h"

#include <fmt/format.h>
#include <simdjson.h>

namespace sluice::core {

std::string assign_key(Row& row, const std::string& key_field) {
  thread_local simdjson::dom::parser parser;
  row.key_json.clear();
  row.key_hash = hash128(row.raw);

  simdjson::dom::element document;
  if (const auto error = parser.parse(row.raw).get(document)) {
    return fmt::format("not JSON: {}", simdjson::error_message(error));
  }
  simdjson::dom::object object;
  if (document.get(object)) return "not a JSON object";
  if (key_field.empty()) return {};

  simdjson::dom::element key;
  if (object[key_field].get(key)) return fmt::format("no key field '{}'", key_field);
  if (!key.is_string() && !key.is_number())
    return fmt::format("key field '{}' is neither text nor a number", key_field);
  row.key_json = simdjson::minify(key);
  row.key_hash = hash128(row.key_json);
  return {};
}

}  // namespace sluice::core
