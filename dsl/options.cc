#include "dsl/options.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "dsl/option_tables.h"
#include "dsl/place_options.h"

namespace sluice::dsl {

std::span<const Section> sections() {
  static const std::vector<Section> all = [] {
    std::vector<Section> joined;
    for (const auto part :
         {job_sections(), place_sections(), table_sections(), queue_sections(), cascade_sections(),
          endpoint_sections(), own_profile_sections(), field_sections()}) {
      joined.insert(joined.end(), part.begin(), part.end());
    }
    return joined;
  }();
  return all;
}

const Section& section(std::string_view name) {
  const auto found = std::ranges::find(sections(), name, &Section::name);
  if (found == sections().end()) std::unreachable();
  return *found;
}

const Option* find_option(const Section& section, std::string_view name) {
  const auto found = std::ranges::find(section.options, name, &Option::name);
  return found == section.options.end() ? nullptr : &*found;
}

std::string_view type_description(ValueType type) {
  switch (type) {
    case ValueType::text:
      return "text";
    case ValueType::whole:
      return "a whole number";
    case ValueType::number:
      return "a number";
    case ValueType::boolean:
      return "true or false";
    case ValueType::scalar:
      return "text, a number or a boolean";
    case ValueType::duration:
      return "a duration such as \"1h30m\"";
    case ValueType::money:
      return "an amount such as \"$1500\"";
    case ValueType::choice:
      return "one of the texts listed";
    case ValueType::secret:
      return "s.secret \"NAME\" or text";
    case ValueType::secrets:
      return "a list of s.secret \"NAME\" or text";
    case ValueType::function:
      return "a function";
    case ValueType::prompt:
      return "text or a function";
    case ValueType::columns:
      return "\"row\" or a list of field names";
    case ValueType::names:
      return "a list of texts";
    case ValueType::types:
      return "a table of columns and their types";
    case ValueType::settings:
      return "a table of names with text or s.secret \"NAME\"";
    case ValueType::fields:
      return "a table of field types";
    case ValueType::table:
      return "a table";
    case ValueType::table_or_zero:
      return "a table, or 0";
  }
  return {};
}

}  // namespace sluice::dsl
