// Writing JSON, and the few reads that every part needs. Reading whole documents is simdjson's
// work: the .cc files that do it include <simdjson.h> themselves, so that this header stays light.
#pragma once

#include <charconv>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>

namespace sluice::core {

// What simdjson's parser returned. It tells that there was no memory as it tells what is wrong with
// a text, and a row would be rejected for it, or an answer asked again: thrown as std::bad_alloc.
template <class Parsed>
Parsed not_starved(Parsed parsed) {
  using Code = decltype(parsed.error());
  if (parsed.error() == Code::MEMALLOC) throw std::bad_alloc();
  return parsed;
}

// Appends `text` as a JSON string with its quotes. `text` should be UTF-8; bytes that are not are
// replaced by U+FFFD, so that what we write always parses.
void append_json_string(std::string& out, std::string_view text);

// How many bytes append_json_string() appends for UTF-8.
std::size_t json_string_bytes(std::string_view text);

// Appends what stands between the quotes of append_json_string().
void append_json_escaped(std::string& out, std::string_view text);

// Compact JSON, appended to a string that the caller owns and may reuse. Commas are the writer's
// business, nesting the caller's: every open needs its close. One thread.
//
//   JsonWriter w(out);
//   w.open('{'); w.key("id"); w.value(7); w.close('}');
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void open(char bracket) {
    separate();
    out_ += bracket;
    comma_ = false;
  }
  void close(char bracket) {
    out_ += bracket;
    comma_ = true;
  }
  void key(std::string_view name) {
    separate();
    append_json_string(out_, name);
    out_ += ':';
    comma_ = false;
  }
  void value(std::string_view text) {
    separate();
    append_json_string(out_, text);
  }
  void value(const char* text) { value(std::string_view(text)); }
  void value(bool b) { raw(b ? "true" : "false"); }
  void value(double number);  // shortest form that reads back the same; null when not finite
  template <class Int>
    requires std::is_integral_v<Int>
  void value(Int number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    raw({digits, static_cast<std::size_t>(end - digits)});
  }
  void null() { raw("null"); }
  // `json` is written as it stands; the caller answers for its being one JSON value.
  void raw(std::string_view json) {
    separate();
    out_ += json;
  }
  template <class T>
  void field(std::string_view name, const T& v) {
    key(name);
    value(v);
  }

 private:
  void separate() {
    if (comma_) out_ += ',';
    comma_ = true;
  }
  std::string& out_;
  bool comma_ = false;
};

}  // namespace sluice::core
