// What the JSON of a request may hold, as data: a table of fields for each call, checked in one
// place, so that a field that the provider does not know, lacks or cannot read is found and named.
// How a provider words it is its own affair (wire/service.h).
//
// Threads: constant data and a plain function, any thread.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::wire {

using Element = simdjson::dom::element;

// Kinds of JSON values; a field takes any that its bits name.
enum Kind : unsigned {
  kString = 1,
  kInteger = 2,
  kNumber = 4,  // whole or not
  kBoolean = 8,
  kObject = 16,
  kArray = 32,
  kNull = 64,
  kAny = 127,
};

struct Fields;

struct Field {
  std::string_view name;
  unsigned kinds = kAny;
  bool required = false;
  // Of the object, or of each object in the array; null = not looked into.
  const Fields* inside = nullptr;
  // The smallest and largest number, or the fewest and most entries of an array.
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  std::string_view choices = {};  // of a string: "auto|default|flex"; empty = any
};

struct Fields {
  std::span<const Field> list;
  // Others that servers of the same format take: accepted as they are.
  std::span<const std::string_view> also = {};
  std::string_view optional = {};  // this one is not required here
  bool open = false;               // any other is accepted
  bool snake = false;  // "max_output_tokens" is taken for "maxOutputTokens" (protobuf's JSON)
};

struct Mistake {
  enum class What : std::uint8_t { unknown, missing, kind, range, length, choice };
  What what = What::unknown;
  std::string path;    // "messages.0.role": names and places, joined by dots
  unsigned kinds = 0;  // that are taken (kind)
  unsigned got = 0;    // what came (kind)
  std::string value;   // what came, as JSON, cut to a line (kind, range, length, choice)
  double bound = 0;    // range, length: the bound that is passed
  bool too_small = false;
  std::string_view choices = {};
};

// The first mistake of `value`, which should be an object.
std::optional<Mistake> mistake_in(const Element& value, const Fields& fields);

// "a string or an array".
std::string kinds_text(unsigned kinds);
unsigned kind_of(const Element& value);
// "auto|flex" as "'auto' or 'flex'".
std::string choices_text(std::string_view choices, std::string_view last = " or ");

// "messages.0.role" as "messages[0].role".
std::string bracketed(std::string_view path);
// "maxOutputTokens" as "max_output_tokens".
std::string snake_case(std::string_view camel);

}  // namespace sluice::wire
