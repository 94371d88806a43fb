#include "ask/answer_declaration.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "ask/argument_error.h"
#include "ask/lua_text.h"
#include "script/diagnostic.h"

namespace sluice::ask {
namespace {

constexpr std::array<std::string_view, 5> kTypes = {"text", "int", "number", "bool", "list"};
constexpr std::string_view kTypeHint =
    "types are text, int, number, bool and list of TYPE; choices are written a|b";
// What people of other languages call them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kOtherNames = {
    {{"string", "text"},
     {"str", "text"},
     {"integer", "int"},
     {"long", "int"},
     {"float", "number"},
     {"double", "number"},
     {"real", "number"},
     {"boolean", "bool"},
     {"array", "list"},
     {"enum", "choices, written a|b"},
     {"one_of", "choices, written a|b"}}};

bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// A stretch of the argument, which knows its place.
struct Part {
  std::string_view text;
  std::size_t at = 0;

  bool empty() const { return text.empty(); }
  Part from(std::size_t offset) const { return {text.substr(offset), at + offset}; }
  Part first(std::size_t length) const { return {text.substr(0, length), at}; }
  Part trimmed() const {
    std::size_t begin = 0;
    while (begin < text.size() && blank(text[begin])) ++begin;
    std::size_t end = text.size();
    while (end > begin && blank(text[end - 1])) --end;
    return {text.substr(begin, end - begin), at + begin};
  }
};

// What stands behind a type.
struct Options {
  bool optional = false;
  std::string description;
};

class Declaration {
 public:
  explicit Declaration(std::string_view argument) : argument_(argument) {}

  core::Result<std::vector<DeclaredField>> read() {
    auto parts = split({argument_, 0}, ',');
    if (!parts) return std::unexpected(parts.error());
    std::vector<DeclaredField> fields;
    for (const Part& part : *parts) {
      auto field = read_field(part.trimmed());
      if (!field) return std::unexpected(field.error());
      if (std::ranges::find(fields, field->name, &DeclaredField::name) != fields.end())
        return wrong(part.trimmed(), fmt::format("'{}' is declared twice", field->name),
                     "give one of them another name");
      fields.push_back(std::move(*field));
    }
    return fields;
  }

 private:
  std::unexpected<core::Error> wrong(const Part& at, std::string_view what,
                                     std::string_view hint) const {
    return argument_error("--answer", argument_, at.at, at.text.size(), what, hint);
  }

  // Where the quoted text that begins at `open` ends (its closing quote).
  static std::optional<std::size_t> closing(std::string_view text, std::size_t open) {
    const std::size_t end = text.find(text[open], open + 1);
    return end == text.npos ? std::nullopt : std::optional(end);
  }
  // A quote opens a text only at a beginning: don't is a word.
  static bool opens(std::string_view text, std::size_t i) {
    if (text[i] != '"' && text[i] != '\'') return false;
    return i == 0 || blank(text[i - 1]) || std::string_view("=|,").contains(text[i - 1]);
  }

  core::Result<std::vector<Part>> split(const Part& part, char separator) const {
    std::vector<Part> parts;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < part.text.size(); ++i) {
      if (opens(part.text, i)) {
        const auto end = closing(part.text, i);
        if (!end) return wrong(part.from(i).first(1), "this quote is not closed", "");
        i = *end;
      } else if (part.text[i] == separator) {
        parts.push_back({part.text.substr(begin, i - begin), part.at + begin});
        begin = i + 1;
      }
    }
    parts.push_back(part.from(begin));
    return parts;
  }

  core::Result<DeclaredField> read_field(const Part& field) const {
    if (field.empty())
      return wrong(field, "a field is missing here", "for example queue=billing|bug");
    const std::size_t equals = field.text.find('=');
    if (equals == field.text.npos) {
      const std::size_t colon = field.text.find(':');
      if (colon != field.text.npos)
        return wrong(field.from(colon).first(1), "a field is written name=type", "put '=' here");
      return wrong(field, "a field is written name=type",
                   fmt::format("for example {}=text", std::string(field.text)));
    }
    Part name = field.first(equals).trimmed();
    Options options;
    if (name.text.ends_with('?')) {
      options.optional = true;
      name = name.first(name.text.size() - 1).trimmed();
    }
    if (name.empty())
      return wrong(field.from(equals).first(1), "a name is missing before this",
                   "for example queue=billing|bug");
    Part type = field.from(equals + 1).trimmed();
    if (type.empty())
      return wrong(field, fmt::format("'{}' has no type", name.text), std::string(kTypeHint));
    auto lua = read_type(type, options);
    if (!lua) return std::unexpected(lua.error());
    return DeclaredField{std::string(name.text), std::move(*lua)};
  }

  core::Result<std::string> read_type(const Part& type, Options options) const {
    if (is_word(type, "list")) return read_list(type, std::move(options));
    const auto parts = split(type, '|');
    if (!parts) return std::unexpected(parts.error());
    if (parts->size() > 1) return read_choices(*parts, std::move(options));
    return read_plain(type, std::move(options));
  }

  // Whether `part` begins with `word`, as a word.
  static bool is_word(const Part& part, std::string_view word) {
    return part.text.starts_with(word) &&
           (part.text.size() == word.size() || blank(part.text[word.size()]));
  }

  static Part take_word(Part& rest) {
    std::size_t end = 0;
    while (end < rest.text.size() && !blank(rest.text[end]) && rest.text[end] != '"') ++end;
    const Part word = rest.first(end);
    rest = rest.from(end).trimmed();
    return word;
  }

  core::Result<std::string> read_list(const Part& type, Options options) const {
    Part rest = type;
    take_word(rest);
    std::vector<std::string> bounds;
    if (rest.text.find("..") < rest.text.find(' ')) {
      auto read = read_bounds(take_word(rest), /*whole=*/true);
      if (!read) return std::unexpected(read.error());
      bounds = std::move(*read);
    }
    if (!is_word(rest, "of"))
      return wrong(type, "a list is a list of something", "for example list of text");
    take_word(rest);
    if (rest.empty()) return wrong(type, "a list of what?", "for example list of text");
    // The description is the list's.
    auto described = take_description(rest, options);
    if (!described) return std::unexpected(described.error());
    auto element = read_type(rest, {});
    if (!element) return std::unexpected(element.error());
    bounds.insert(bounds.begin(), std::move(*element));
    return constructor("list", std::move(bounds), options);
  }

  // Takes a quoted text from the end of `part`.
  core::Status take_description(Part& part, Options& options) const {
    std::size_t i = 1;
    if (!part.empty() && opens(part.text, 0)) i = closing(part.text, 0).value_or(0) + 1;
    for (; i < part.text.size(); ++i) {
      if (!opens(part.text, i)) continue;
      const auto end = closing(part.text, i);
      if (!end) return wrong(part.from(i).first(1), "this quote is not closed", "");
      const char before = part.first(i).trimmed().text.back();
      if (before == '|') {  // a choice
        i = *end;
        continue;
      }
      if (const Part rest = part.from(*end + 1).trimmed(); !rest.empty())
        return wrong(rest, "the description is the last of a field",
                     "a comma goes before the next field");
      options.description = std::string(part.text.substr(i + 1, *end - i - 1));
      part = part.first(i).trimmed();
      return {};
    }
    return {};
  }

  core::Result<std::string> read_choices(std::vector<Part> parts, Options options) const {
    std::vector<std::string> choices;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      Part part = parts[i].trimmed();
      if (i + 1 == parts.size()) {
        if (auto taken = take_last_description(part, options); !taken)
          return std::unexpected(taken.error());
      }
      std::string_view text = part.text;
      if (!text.empty() && opens(text, 0) && text.size() > 1 && text.back() == text.front())
        text = text.substr(1, text.size() - 2);
      if (text.empty()) {
        const std::size_t bar = i == 0 ? parts[1].at - 1 : parts[i].at - 1;
        return wrong({argument_.substr(bar, 1), bar},
                     fmt::format("a choice is missing {} this", i == 0 ? "before" : "behind"), "");
      }
      std::string choice = lua_string(text);
      if (std::ranges::find(choices, choice) != choices.end())
        return wrong(part, fmt::format("the choice '{}' is there twice", text), "take one out");
      choices.push_back(std::move(choice));
    }
    return constructor("one_of", std::move(choices), options);
  }

  // Of the last choice: `access "which queue"`, or `"a, b" "which queue"`.
  core::Status take_last_description(Part& part, Options& options) const {
    if (part.empty()) return {};
    if (!opens(part.text, 0)) return take_description(part, options);
    const auto end = closing(part.text, 0);  // split() has seen it
    Part rest = part.from(*end + 1).trimmed();
    part = part.first(*end + 1);
    if (rest.empty()) return {};
    if (!opens(rest.text, 0) || closing(rest.text, 0) != rest.text.size() - 1)
      return wrong(rest, "only a description in quotes can stand here", "");
    options.description = std::string(rest.text.substr(1, rest.text.size() - 2));
    return {};
  }

  core::Result<std::string> read_plain(Part type, Options options) const {
    if (auto taken = take_description(type, options); !taken) return std::unexpected(taken.error());
    Part rest = type;
    const Part name = take_word(rest);
    if (std::ranges::find(kTypes, name.text) == kTypes.end()) return wrong_type(type, name);
    if (rest.empty()) return constructor(name.text, {}, options);
    if (name.text == "bool") return wrong(rest, "bool takes nothing more", "");
    const Part bounds = take_word(rest);
    if (!rest.empty())
      return wrong(rest, "this is not understood",
                   "a description stands in quotes, and a comma goes before the next field");
    auto read = read_bounds(bounds, name.text != "number");
    if (!read) return std::unexpected(read.error());
    return constructor(name.text, std::move(*read), options);
  }

  std::unexpected<core::Error> wrong_type(const Part& type, const Part& name) const {
    for (const auto& [other, ours] : kOtherNames)
      if (name.text == other)
        return wrong(name, fmt::format("'{}' is not a type here", name.text),
                     fmt::format("it is called {}", ours));
    const std::string_view near = script::nearest(name.text, kTypes);
    if (!near.empty())
      return wrong(name, fmt::format("'{}' is not a type", name.text),
                   fmt::format("did you mean '{}'?", near));
    return wrong(type, fmt::format("'{}' is neither a type nor several choices", type.text),
                 kTypeHint);
  }

  core::Result<std::vector<std::string>> read_bounds(const Part& part, bool whole) const {
    constexpr std::string_view kHint = "for example 1..5, ..5 or 1..";
    const std::size_t dots = part.text.find("..");
    if (dots == part.text.npos)
      return wrong(part, fmt::format("'{}' are not bounds", part.text), kHint);
    const Part least = part.first(dots);
    const Part most = part.from(dots + 2);
    std::optional<double> values[2];
    std::vector<std::string> bounds;
    for (const auto& [index, bound] : {std::pair(0, least), std::pair(1, most)}) {
      if (bound.empty()) continue;
      double value = 0;
      const char* end = bound.text.data() + bound.text.size();
      const auto read = std::from_chars(bound.text.data(), end, value);
      if (read.ec != std::errc() || read.ptr != end || !std::isfinite(value) ||
          (whole && bound.text.find_first_not_of("-0123456789") != bound.text.npos))
        return wrong(
            bound, fmt::format("'{}' is not a {}number", bound.text, whole ? "whole " : ""), kHint);
      values[index] = value;
      bounds.push_back(fmt::format("{} = {}", index == 0 ? "min" : "max", bound.text));
    }
    if (bounds.empty()) return wrong(part, "bounds without a number", kHint);
    if (values[0] && values[1] && *values[0] > *values[1])
      return wrong(part, "these bounds are the wrong way round",
                   fmt::format("did you mean {}..{}?", most.text, least.text));
    return bounds;
  }

  static std::string constructor(std::string_view name, std::vector<std::string> inside,
                                 const Options& options) {
    if (options.optional) inside.emplace_back("optional = true");
    if (!options.description.empty())
      inside.push_back("description = " + lua_string(options.description));
    if (inside.empty()) return fmt::format("s.{}", name);
    return fmt::format("s.{} {{ {} }}", name, fmt::join(inside, ", "));
  }

  const std::string_view argument_;
};

}  // namespace

core::Result<std::vector<DeclaredField>> read_answer(std::string_view argument) {
  return Declaration(argument).read();
}

}  // namespace sluice::ask
