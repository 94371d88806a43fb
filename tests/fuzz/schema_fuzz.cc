// Any declaration makes schemas that parse, whose objects are closed and require all they have, for
// every kind of service; and turning limits into words ends well for any bytes, and changes nothing
// when it is done again.
//
// Input: when it begins with a zero byte, the rest is a schema as it stands. Else each byte is a
// choice in making a declaration, and names, choices and patterns are cut from the bytes that
// follow.
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "answer/answer_schema.h"
#include "provider/schema_limits.h"

namespace {

using sluice::answer::Field;
using sluice::answer::FieldType;
using sluice::provider::SchemaKeywords;
using sluice::provider::with_limits_described;

constexpr SchemaKeywords kServices[] = {SchemaKeywords::all, SchemaKeywords::no_text_lengths,
                                        SchemaKeywords::none};

[[noreturn]] void wrong(const char* what, const std::string& text) {
  std::fprintf(stderr, "%s: %s\n", what, text.c_str());
  std::abort();
}

class Maker {
 public:
  explicit Maker(std::string_view bytes) : bytes_(bytes) {}

  std::vector<Field> fields(int depth) {
    std::vector<Field> made;
    do {
      Field next = field(depth);
      next.name = text();
      bool taken = false;  // Lua's tables, which declarations are, hold a name once
      for (const Field& other : made) taken = taken || other.name == next.name;
      if (!taken) made.push_back(std::move(next));
    } while (made.size() < 4 && byte() % 2 != 0);
    return made;
  }

 private:
  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return first;
  }

  std::string text() {
    const std::size_t size = std::min<std::size_t>(byte() % 12, bytes_.size());
    std::string made(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    // Two byte strings that are no UTF-8 may become one name.
    for (char& c : made) c = static_cast<char>(c & 0x7F);
    return made;
  }

  Field field(int depth) {
    Field made;
    const std::uint8_t what = byte();
    made.type = static_cast<FieldType>(what % (depth > 0 ? 7 : 5));
    made.optional = (what & 0x80) != 0;
    if ((what & 0x40) != 0) made.description = text();
    if ((what & 0x20) != 0) made.min = static_cast<double>(byte()) - 100.5;
    if ((what & 0x10) != 0) made.max = static_cast<double>(byte()) * 1e15;
    switch (made.type) {
      case FieldType::text:
        // Compiling takes its time, and nothing here depends on it.
        if (byte() % 4 == 0) made.pattern = pattern();
        break;
      case FieldType::one_of:
        do made.choices.push_back(text());
        while (byte() % 2 != 0);
        break;
      case FieldType::list:
        made.members.push_back(field(depth - 1));
        break;
      case FieldType::object:
        made.members = fields(depth - 1);
        break;
      default:
        break;
    }
    return made;
  }

  const sluice::answer::Pattern& pattern() {
    static const std::vector<sluice::answer::Pattern> kPatterns = [] {
      std::vector<sluice::answer::Pattern> made;
      for (const char* text : {"^a$", "a", "^\\d{2}$", "^(?i)\"b\"$", "^\\\\$", "ä"})
        made.push_back(sluice::answer::Pattern::compile(text).value());
      return made;
    }();
    return kPatterns[byte() % kPatterns.size()];
  }

  std::string_view bytes_;
};

void check_closed(const simdjson::dom::element& schema, const std::string& text) {
  simdjson::dom::element part;
  simdjson::dom::object properties;
  simdjson::dom::array list;
  if (schema["properties"].get(properties) == simdjson::SUCCESS) {
    bool open = true;
    if (schema["additionalProperties"].get(open) || open) wrong("an open object", text);
    if (schema["required"].get(list) || list.size() != properties.size())
      wrong("not all required", text);
    auto required = list.begin();
    for (const auto [name, inner] : properties) {
      if ((*required).get_string().value_unsafe() != name) wrong("required otherwise", text);
      ++required;
      check_closed(inner, text);
    }
  }
  if (schema["items"].get(part) == simdjson::SUCCESS) check_closed(part, text);
  if (schema["anyOf"].get(list) == simdjson::SUCCESS) {
    for (const auto branch : list) check_closed(branch, text);
  }
}

std::string in_words(const std::string& schema, SchemaKeywords taken, bool twice) {
  std::string words = with_limits_described(schema, taken);
  if (twice && with_limits_described(words, taken) != words) wrong("changes again", words);
  return words;
}

}  // namespace

// Where memory came from is not needed to find what goes wrong here, and takes half of the time.
extern "C" const char* __asan_default_options() {
  return "malloc_context_size=0:quarantine_size_mb=8";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static simdjson::dom::parser parser;
  constexpr std::size_t kLongest = 48;  // beyond it there is more of the same, slowly
  std::string_view input(reinterpret_cast<const char*>(data), std::min(size, kLongest));
  if (input.empty()) return 0;
  const auto first = static_cast<std::uint8_t>(input.front());
  const SchemaKeywords taken = kServices[first / 3 % 3];
  const bool twice = first % 5 == 0;
  input.remove_prefix(1);
  if (first % 3 == 0) {
    const std::string schema(input);
    const std::string words = in_words(schema, taken, twice);
    if (words != schema && parser.parse(words).error()) wrong("no JSON", words);
    return 0;
  }
  const std::vector<Field> fields = Maker(input).fields(3);
  bool id = false;  // a pipeline file may not have it in a pack's answer
  for (const Field& field : fields) id = id || field.name == "id";
  const bool pack = first % 3 == 1 && !id;
  const std::string words =
      in_words(pack ? sluice::answer::pack_schema(fields) : sluice::answer::answer_schema(fields),
               taken, twice);
  simdjson::dom::element parsed;
  if (parser.parse(words).get(parsed)) wrong("no JSON", words);
  check_closed(parsed, words);
  return 0;
}
