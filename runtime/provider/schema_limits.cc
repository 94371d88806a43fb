#include "provider/schema_limits.h"

#include <simdjson.h>

#include <algorithm>
#include <array>

#include "core/json.h"

namespace sluice::provider {
namespace {

struct Limit {
  std::string_view keyword;
  std::string_view words;  // its value follows
  bool text_length = false;
};

constexpr std::array kLimits = {
    Limit{"minLength", "length in characters at least ", true},
    Limit{"maxLength", "length in characters at most ", true},
    Limit{"minimum", "at least "},
    Limit{"maximum", "at most "},
    Limit{"exclusiveMinimum", "more than "},
    Limit{"exclusiveMaximum", "less than "},
    Limit{"multipleOf", "a multiple of "},
    Limit{"minItems", "number of elements at least "},
    Limit{"maxItems", "number of elements at most "},
};

class Rewriter {
 public:
  Rewriter(LimitsTaken taken, std::string& out) : taken_(taken), writer_(out) {}

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

 private:
  void schema_object(const simdjson::dom::object& object) {
    std::string_view description;
    std::string words;
    writer_.open('{');
    for (const auto [key, value] : object) {
      if (const Limit* limit = refused(key)) {
        if (!words.empty()) words += ", ";
        words.append(limit->words).append(simdjson::minify(value));
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

  const Limit* refused(std::string_view keyword) const {
    const auto limit = std::find_if(kLimits.begin(), kLimits.end(),
                                    [&](const Limit& l) { return l.keyword == keyword; });
    if (limit == kLimits.end()) return nullptr;
    if (taken_ == LimitsTaken::all) return nullptr;
    return taken_ == LimitsTaken::none || limit->text_length ? &*limit : nullptr;
  }

  LimitsTaken taken_;
  core::JsonWriter writer_;
};

}  // namespace

LimitsTaken limits_taken(Service service) {
  switch (service) {
    case Service::other:  // grammars of local servers take them
      return LimitsTaken::all;
    case Service::openai:  // "'maxLength' is not permitted"
      return LimitsTaken::no_text_lengths;
    default:
      return LimitsTaken::none;
  }
}

std::string with_limits_in_words(std::string_view schema, LimitsTaken taken) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (taken == LimitsTaken::all ||
      parser.parse(schema.data(), schema.size()).get(document) != simdjson::SUCCESS) {
    return std::string(schema);
  }
  std::string out;
  Rewriter(taken, out).schema(document);
  return out;
}

}  // namespace sluice::provider
