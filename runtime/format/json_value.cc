#include "format/json_value.h"

#include <algorithm>
#include <charconv>

#include "core/json.h"

namespace sluice::format {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

template <class Int>
void append_integer(std::string& out, Int number) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

constexpr std::string_view kNumberCharacters = "0123456789+-.eE";
constexpr std::string_view kSpace = " \t\r\n";

void skip_space(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
}

// Past the string that `text` begins with.
void skip_string(std::string_view& text) {
  std::size_t at = 1;
  while ((at = text.find_first_of("\"\\", at)) != text.npos && text[at] == '\\') at += 2;
  text.remove_prefix(std::min(at, text.size() - 1) + 1);
}

// Past the value that `text` begins with. Of JSON that was parsed; of any other text, somewhere.
void skip_value(std::string_view& text) {
  std::size_t depth = 0;
  do {
    if (text.empty()) return;
    switch (text.front()) {
      case '"':
        skip_string(text);
        break;
      case '{':
      case '[':
        ++depth;
        text.remove_prefix(1);
        break;
      case '}':
      case ']':
        if (depth > 0) --depth;
        text.remove_prefix(1);
        break;
      case ',':
      case ':':
        text.remove_prefix(1);
        break;
      default:
        text.remove_prefix(std::min(text.find_first_of(",:]} \t\r\n"), text.size()));
    }
    if (depth > 0) skip_space(text);
  } while (depth > 0);
}

// Into the container, or past the value before and its comma.
void to_next(std::string_view& text, bool first) {
  if (first) {
    text.remove_prefix(std::min<std::size_t>(1, text.size()));
  } else {
    skip_value(text);
    skip_space(text);
    if (text.starts_with(',')) text.remove_prefix(1);
  }
  skip_space(text);
}

// `text` with each integer of 19 digits or more written as a double.
std::string with_doubles(std::string_view text) {
  constexpr std::size_t kLongest = 18;
  std::string out;
  out.reserve(text.size() + 16);
  while (!text.empty()) {
    const std::string_view from = text;
    if (text.front() == '"') {
      skip_string(text);
      out += from.substr(0, from.size() - text.size());
    } else if (kNumberCharacters.find(text.front()) != text.npos) {
      const std::string_view number = number_text(text);
      text.remove_prefix(number.size());
      out += number;
      const std::string_view digits = number.substr(number.front() == '-' ? 1 : 0);
      if (digits.size() > kLongest && digits.find_first_not_of("0123456789") == digits.npos)
        out += "e0";
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace

std::string_view number_text(std::string_view text) {
  return text.substr(0, text.find_first_not_of(kNumberCharacters));
}

simdjson::error_code parse_json(simdjson::dom::parser& parser, std::string_view text,
                                element& value) {
  const simdjson::error_code error =
      core::not_starved(parser.parse(text.data(), text.size())).get(value);
  if (error != simdjson::NUMBER_ERROR) return error;
  return core::not_starved(parser.parse(with_doubles(text))).get(value);
}

simdjson::error_code parse_json(simdjson::dom::parser& parser, std::string_view text,
                                simdjson::dom::object& object) {
  element value;
  const simdjson::error_code error = parse_json(parser, text, value);
  return error != simdjson::SUCCESS ? error : value.get(object);
}

void append_json(std::string& out, const element& value) {
  switch (value.type()) {
    case element_type::STRING:
      return core::append_json_string(out, value.get_string().value_unsafe());
    case element_type::INT64:
      return append_integer(out, value.get_int64().value_unsafe());
    case element_type::UINT64:
      return append_integer(out, value.get_uint64().value_unsafe());
    default:
      out += simdjson::minify(value);
  }
}

bool has_own_form(const simdjson::dom::array& array) {
  return std::ranges::any_of(array, [](const element item) { return has_own_form(item); });
}
bool has_own_form(const simdjson::dom::object& object) {
  return std::ranges::any_of(object, [](const auto& member) { return has_own_form(member.value); });
}

bool has_own_form(const element& value) {
  switch (value.type()) {
    case element_type::DOUBLE:
      return true;
    case element_type::INT64:  // -0 has
      return value.get_int64().value_unsafe() == 0;
    case element_type::ARRAY:
      return has_own_form(value.get_array().value_unsafe());
    case element_type::OBJECT:
      return has_own_form(value.get_object().value_unsafe());
    default:
      return false;
  }
}

void append_as_written(std::string& out, const element& value, std::string_view text) {
  if (!has_own_form(value)) return append_json(out, value);
  if (value.is_number()) {
    out += number_text(text);
  } else if (value.is_array()) {
    ElementTexts texts(text);
    out += '[';
    bool first = true;
    const simdjson::dom::array array = value.get_array().value_unsafe();
    for (const element item : array) {
      if (!first) out += ',';
      first = false;
      append_as_written(out, item, texts.next());
    }
    out += ']';
  } else {
    MemberTexts texts(text);
    out += '{';
    bool first = true;
    const simdjson::dom::object object = value.get_object().value_unsafe();
    for (const auto& [name, member] : object) {
      if (!first) out += ',';
      first = false;
      core::append_json_string(out, name);
      out += ':';
      append_as_written(out, member, texts.next());
    }
    out += '}';
  }
}

std::string_view member_text(const simdjson::dom::object& object, std::string_view text,
                             std::string_view name) {
  MemberTexts texts(text);
  for (const auto& [key, value] : object) {
    const std::string_view here = texts.next();
    if (key == name) return here;
  }
  return {};
}

void append_member(std::string& out, const simdjson::dom::object& object, std::string_view text,
                   std::string_view name) {
  simdjson::dom::element value;
  if (object[name].get(value) != simdjson::SUCCESS) {
    out += "null";
  } else {
    append_as_written(out, value, has_own_form(value) ? member_text(object, text, name) : "");
  }
}

MemberTexts::MemberTexts(std::string_view object_text) : rest_(object_text) {
  skip_space(rest_);
}

std::string_view MemberTexts::next() {
  to_next(rest_, !inside_);
  inside_ = true;
  skip_string(rest_);
  skip_space(rest_);
  if (rest_.starts_with(':')) rest_.remove_prefix(1);
  skip_space(rest_);
  return rest_;
}

std::string_view ElementTexts::next() {
  to_next(rest_, !inside_);
  inside_ = true;
  return rest_;
}

}  // namespace sluice::format
