// Reading JSON so that a number stays as it was written: simdjson gives numbers by their value, as
// 64 bits, in which 1.10 is 1.1, 18446744073709551616 is refused, and 1e3 is 1000.0. Rows keep
// their bytes (core/row.h), so what is copied from them is copied with these.
//
// Threads: any.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace sluice::format {

// parser.parse(), which takes integers of any length too: those of more than 64 bits are doubles.
// A number beyond a double (1e400) remains an error. Throws std::bad_alloc.
simdjson::error_code parse_json(simdjson::dom::parser& parser, std::string_view text,
                                simdjson::dom::element& value);
simdjson::error_code parse_json(simdjson::dom::parser& parser, std::string_view text,
                                simdjson::dom::object& object);

// Appends a value as compact JSON, its numbers by value: the same bytes as simdjson::minify(),
// which old names stand on (names.h), without its detour through a buffer of its own.
void append_json(std::string& out, const simdjson::dom::element& value);

// The same with its numbers as they stand in `text`, which begins with the value's own.
void append_as_written(std::string& out, const simdjson::dom::element& value,
                       std::string_view text);

// Whether append_as_written() may differ from append_json(): only then is the text looked for.
bool has_own_form(const simdjson::dom::element& value);
bool has_own_form(const simdjson::dom::array& array);
bool has_own_form(const simdjson::dom::object& object);

// Where the first member `name` of `object` has its value in `text`, the object's own.
std::string_view member_text(const simdjson::dom::object& object, std::string_view text,
                             std::string_view name);

// Appends its value as it is written there; null where it has no such member.
void append_member(std::string& out, const simdjson::dom::object& object, std::string_view text,
                   std::string_view name);

// The members of an object with their texts, in order.
class MemberTexts {
 public:
  explicit MemberTexts(std::string_view object_text);
  // The text from the next member's value on.
  std::string_view next();

 private:
  std::string_view rest_;
  bool inside_ = false;
};
// The elements of a list likewise.
class ElementTexts {
 public:
  explicit ElementTexts(std::string_view list_text) : rest_(list_text) {}
  std::string_view next();

 private:
  std::string_view rest_;
  bool inside_ = false;
};

// The number that `text` begins with, as it is written.
std::string_view number_text(std::string_view text);

}  // namespace sluice::format
