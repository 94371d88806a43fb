#include "stages/json_value.h"

#include <charconv>

#include "core/json.h"

namespace sluice::stages {
namespace {

template <class Int>
void append_integer(std::string& out, Int number) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace

void append_json(std::string& out, const simdjson::dom::element& value) {
  switch (value.type()) {
    case simdjson::dom::element_type::STRING:
      return core::append_json_string(out, value.get_string().value_unsafe());
    case simdjson::dom::element_type::INT64:
      return append_integer(out, value.get_int64().value_unsafe());
    case simdjson::dom::element_type::UINT64:
      return append_integer(out, value.get_uint64().value_unsafe());
    default:
      out += simdjson::minify(value);
  }
}

}  // namespace sluice::stages
