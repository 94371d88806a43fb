#include "answer/field_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace sluice::answer {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

std::string_view type_word(element_type type) {
  switch (type) {
    case element_type::ARRAY:
      return "a list";
    case element_type::OBJECT:
      return "an object";
    case element_type::STRING:
      return "text";
    case element_type::BOOL:
      return "true or false";
    case element_type::NULL_VALUE:
      return "null";
    default:
      return "a number";
  }
}

std::string wrong_type(const std::string& name, std::string_view wanted, const element& value) {
  return fmt::format("{} must be {}, got {}", name, wanted, type_word(value.type()));
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// Of a text that goes into a message: no character is cut in two.
std::string_view beginning(std::string_view text) {
  constexpr std::size_t kMost = 80;
  if (text.size() <= kMost) return text;
  std::size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::optional<std::string> out_of_bounds(const std::string& what, double value, const Field& field,
                                         std::string_view unit) {
  if (field.min && value < *field.min)
    return fmt::format("{} must be at least {}{}, got {}", what, *field.min, unit, value);
  if (field.max && value > *field.max)
    return fmt::format("{} must be at most {}{}, got {}", what, *field.max, unit, value);
  return std::nullopt;
}

std::optional<std::string> length_misfit(std::string_view text, const Field& field,
                                         const std::string& name) {
  // A character has one to four bytes: where that decides, nothing is counted.
  const auto bytes = static_cast<double>(text.size());
  if ((!field.min || *field.min * 4 <= bytes) && (!field.max || bytes <= *field.max))
    return std::nullopt;
  return out_of_bounds(name, static_cast<double>(code_points(text)), field, " characters");
}

std::optional<std::string> value_misfit(const element& value, const Field& field,
                                        const std::string& name) {
  switch (field.type) {
    case FieldType::text: {
      std::string_view text;
      if (value.get(text)) return wrong_type(name, "text", value);
      if (auto wrong = length_misfit(text, field, name)) return wrong;
      if (field.pattern.found_in(text)) return std::nullopt;
      return fmt::format("{} must match the pattern {}, got '{}'", name, field.pattern.text(),
                         beginning(text));
    }
    case FieldType::integer: {
      // 3.0 is a whole number too: models write it so.
      double number = 0;
      if (value.get(number)) return wrong_type(name, "a whole number", value);
      if (std::floor(number) != number)
        return fmt::format("{} must be a whole number, got {}", name, number);
      return out_of_bounds(name, number, field, "");
    }
    case FieldType::number: {
      double number = 0;
      if (value.get(number)) return wrong_type(name, "a number", value);
      return out_of_bounds(name, number, field, "");
    }
    case FieldType::boolean:
      if (!value.is_bool()) return wrong_type(name, "true or false", value);
      return std::nullopt;
    case FieldType::one_of: {
      std::string_view text;
      if (value.get(text))
        return wrong_type(name, fmt::format("one of {}", fmt::join(field.choices, ", ")), value);
      if (std::find(field.choices.begin(), field.choices.end(), text) != field.choices.end())
        return std::nullopt;
      return fmt::format("{} must be one of {}, got '{}'", name, fmt::join(field.choices, ", "),
                         beginning(text));
    }
    case FieldType::list: {
      simdjson::dom::array array;
      if (value.get(array)) return wrong_type(name, "a list", value);
      double index = 0;
      const Field& wanted = field.members.front();
      for (const element item : array) {
        const bool absent = wanted.optional && item.is_null();
        if (!absent) {
          if (auto wrong = value_misfit(item, wanted, fmt::format("{}[{}]", name, index)))
            return wrong;
        }
        ++index;
      }
      return out_of_bounds(name, index, field, " elements");
    }
    case FieldType::object: {
      simdjson::dom::object object;
      if (value.get(object)) return wrong_type(name, "an object", value);
      if (auto wrong = misfit(object, field.members)) return name + "." + *wrong;
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> misfit(const simdjson::dom::object& object,
                                  const std::vector<Field>& fields) {
  for (const Field& field : fields) {
    element value;
    const bool missing = object[field.name].get(value) != simdjson::SUCCESS || value.is_null();
    if (missing) {
      if (field.optional) continue;
      return field.name + " is missing";
    }
    if (auto wrong = value_misfit(value, field, field.name)) return wrong;
  }
  return std::nullopt;
}

}  // namespace sluice::answer
