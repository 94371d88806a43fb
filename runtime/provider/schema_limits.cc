#include "provider/schema_limits.h"

#include <simdjson.h>

#include <algorithm>
#include <array>

#include "core/json.h"

namespace sluice::provider {
namespace {

enum class LimitKind : std::uint8_t { bound, text_length, pattern };
struct Limit {
  std::string_view keyword;
  std::string_view words;  // its value follows
  LimitKind kind = LimitKind::bound;
};

constexpr std::array kLimits = {
    Limit{"minLength", "length in characters at least ", LimitKind::text_length},
    Limit{"maxLength", "length in characters at most ", LimitKind::text_length},
    Limit{"minimum", "at least "},
    Limit{"maximum", "at most "},
    Limit{"exclusiveMinimum", "more than "},
    Limit{"exclusiveMaximum", "less than "},
    Limit{"multipleOf", "a multiple of "},
    Limit{"minItems", "number of elements at least "},
    Limit{"maxItems", "number of elements at most "},
    Limit{"pattern", "holds a match of the regular expression ", LimitKind::pattern},
};

// Whether `pattern` is "^…$" and made only of what every regular expression has: no flags, named
// groups, look-around, classes by name or escapes of one's own.
bool is_common(std::string_view pattern) {
  constexpr std::string_view kEscapes = "dDwWsSnrt.*+?()[]{}|^$/\\-";
  if (!pattern.starts_with('^')) return false;
  if (pattern.find("[:") != pattern.npos) return false;
  bool anchored = false;  // the last sign is "$" and no part of an escape
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    anchored = pattern[i] == '$';
    if (pattern[i] == '\\') {
      ++i;
      if (i == pattern.size() || !kEscapes.contains(pattern[i])) return false;
    } else if (pattern.substr(i).starts_with("(?") && !pattern.substr(i).starts_with("(?:")) {
      return false;
    }
  }
  return anchored;
}

class Rewriter {
 public:
  Rewriter(SchemaKeywords taken, std::string& out) : taken_(taken), writer_(out) {}

  void schema(const simdjson::dom::element& element) {
    simdjson::dom::object object;
    simdjson::dom::array array;
    if (element.get(object) == simdjson::SUCCESS) {
      schema_object(object);
    } else if (element.get(array) == simdjson::SUCCESS) {  // anyOf: […]
      writer_.open('[');
      for (const auto entry : array) schema(entry);
      writer_.close(']');
    } else {
      writer_.raw(simdjson::minify(element));
    }
  }

  // Whether anything was turned into words.
  bool turned() const { return turned_; }

 private:
  void schema_object(const simdjson::dom::object& object) {
    std::string_view description;
    std::string words;
    writer_.open('{');
    for (const auto [key, value] : object) {
      if (const Limit* limit = refused(key, value)) {
        turned_ = true;
        if (!words.empty()) words += ", ";
        std::string_view text;  // a pattern, without JSON's escapes
        words += limit->words;
        words += value.get(text) == simdjson::SUCCESS ? std::string(text) : simdjson::minify(value);
      } else if (key == "description" && value.get(description) == simdjson::SUCCESS) {
        // written below, with the words
      } else {
        writer_.key(key);
        member(key, value);
      }
    }
    if (!description.empty() && !words.empty()) {
      words = std::string(description) + " (" + words + ")";
    } else if (words.empty()) {
      words = description;
    }
    if (!words.empty()) writer_.field("description", std::string_view(words));
    writer_.close('}');
  }

  void member(std::string_view key, const simdjson::dom::element& value) {
    simdjson::dom::object members;
    const bool named = key == "properties" || key == "$defs" || key == "definitions";
    if (named && value.get(members) == simdjson::SUCCESS) {
      // These names are the user's: a field may well be called "maximum".
      writer_.open('{');
      for (const auto [name, field] : members) {
        writer_.key(name);
        schema(field);
      }
      writer_.close('}');
    } else if (key == "items" || key == "anyOf" || key == "allOf" || key == "oneOf") {
      schema(value);
    } else {
      writer_.raw(simdjson::minify(value));
    }
  }

  const Limit* refused(std::string_view keyword, const simdjson::dom::element& value) const {
    const auto limit = std::find_if(kLimits.begin(), kLimits.end(),
                                    [&](const Limit& l) { return l.keyword == keyword; });
    if (limit == kLimits.end()) return nullptr;
    std::string_view text;
    bool taken = taken_ != SchemaKeywords::none;
    if (limit->kind == LimitKind::text_length) taken = taken_ == SchemaKeywords::all;
    if (limit->kind == LimitKind::pattern)
      taken = taken && taken_ != SchemaKeywords::no_text_limits &&
              value.get(text) == simdjson::SUCCESS && is_common(text);
    return taken ? nullptr : &*limit;
  }

  SchemaKeywords taken_;
  bool turned_ = false;
  core::JsonWriter writer_;
};

}  // namespace

std::string with_limits_described(std::string_view schema, SchemaKeywords taken) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(schema.data(), schema.size()).get(document) != simdjson::SUCCESS)
    return std::string(schema);
  std::string out;
  Rewriter rewriter(taken, out);
  rewriter.schema(document);
  return rewriter.turned() ? out : std::string(schema);
}

}  // namespace sluice::provider
