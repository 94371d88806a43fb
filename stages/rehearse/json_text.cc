#include "rehearse/json_text.h"

#include "format/json_value.h"

namespace sluice::rehearse {

std::string json_of(const simdjson::dom::element& value) {
  std::string json;
  format::append_json(json, value);
  return json;
}

std::string value_of(std::string_view line, std::string_view field) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  simdjson::dom::element value;
  if (field.empty() || format::parse_json(parser, line, object) || object[field].get(value))
    return {};
  return json_of(value);
}

}  // namespace sluice::rehearse
