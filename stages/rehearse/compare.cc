#include "rehearse/compare.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "format/json_value.h"
#include "rehearse/json_text.h"

namespace sluice::rehearse {
namespace {

namespace dom = simdjson::dom;

double number_of(const dom::element& value) {
  double number = 0;
  return value.get(number) == simdjson::SUCCESS ? number : 0;
}

bool fits(const dom::element& expected, const dom::element& actual);

bool fits(const dom::object& expected, const dom::object& actual) {
  for (const auto [name, value] : expected) {
    dom::element found;
    const bool there = actual[name].get(found) == simdjson::SUCCESS;
    if (!there && !value.is_null()) return false;
    if (there && !fits(value, found)) return false;
  }
  return true;
}

bool fits(const dom::array& expected, const dom::array& actual) {
  if (expected.size() != actual.size()) return false;
  auto at = actual.begin();
  for (const dom::element value : expected) {
    if (!fits(value, *at)) return false;
    ++at;
  }
  return true;
}

bool fits(const dom::element& expected, const dom::element& actual) {
  dom::object object;
  dom::object other;
  dom::array list;
  dom::array other_list;
  if (expected.get(object) == simdjson::SUCCESS)
    return actual.get(other) == simdjson::SUCCESS && fits(object, other);
  if (expected.get(list) == simdjson::SUCCESS) {
    if (actual.get(other_list) == simdjson::SUCCESS) return fits(list, other_list);
    return list.size() == 0 && actual.is_object();  // an empty table of Lua
  }
  if (expected.is_number() && actual.is_number())
    return number_of(expected) == number_of(actual) &&
           (expected.is_double() || actual.is_double() ||
            simdjson::minify(expected) == simdjson::minify(actual));
  return simdjson::minify(expected) == simdjson::minify(actual);
}

}  // namespace

bool matches(std::string_view expected, std::string_view actual) {
  dom::parser one;
  dom::parser two;
  dom::element a;
  dom::element b;
  return format::parse_json(one, expected, a) == simdjson::SUCCESS &&
         format::parse_json(two, actual, b) == simdjson::SUCCESS && fits(a, b);
}

bool equal(std::string_view a, std::string_view b) {
  return matches(a, b) && matches(b, a);
}

Diff differing_fields(std::string_view expected, std::string_view actual, bool all) {
  Diff diff;
  dom::parser one;
  dom::parser two;
  dom::object a;
  dom::object b;
  if (format::parse_json(one, expected, a) || format::parse_json(two, actual, b)) {
    return {{'-', std::string(expected)}, {'+', std::string(actual)}};
  }
  for (const auto [name, value] : a) {
    dom::element found;
    const bool there = b[name].get(found) == simdjson::SUCCESS;
    if (there ? fits(value, found) : value.is_null()) continue;
    diff.push_back({'-', fmt::format("{}: {}", name, json_of(value))});
    diff.push_back({'+', there ? fmt::format("{}: {}", name, json_of(found))
                               : fmt::format("{}: (not there)", name)});
  }
  if (!all) return diff;
  for (const auto [name, value] : b) {
    dom::element found;
    if (a[name].get(found) != simdjson::SUCCESS)
      diff.push_back({'+', fmt::format("{}: {}", name, json_of(value))});
  }
  return diff;
}

}  // namespace sluice::rehearse
