// Random declarations: their schemas are as strict modes want them, and a JSON Schema validator
// and our own check think alike of values that fit and of values that hardly do not.
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "answer/answer_schema.h"
#include "answer/field_check.h"
#include "provider/schema_limits.h"
#include "tests/stages/support.h"

namespace sluice::stages {
namespace {

using nlohmann::json;
using provider::SchemaKeywords;
using provider::with_limits_described;

constexpr int kDeclarations = 2000;

// A pattern, and texts that it is found in, of 1 to 12 characters.
struct KnownPattern {
  const char* text;
  std::vector<std::string> matches;
};
const std::vector<KnownPattern> kKnownPatterns = {{"^[A-Z]{2}[0-9]+$", {"AB1", "ZZ902"}},
                                                  {"b", {"b", "abc"}},
                                                  {"^x|y$", {"x", "xa", "ay"}},
                                                  {"a.c", {"abc", "zaxcz"}},
                                                  {R"(^\d+(?:\.\d{1,2})?$)", {"1", "20.55"}},
                                                  {R"("\\")", {R"("\")", R"(a"\"b)"}}};

const std::vector<std::string> kFieldNames = {
    "queue",   "maximum",      "pattern", "description", "properties", "type", "größe",
    "a \"b\"", "additional\\", "items",   "enum",        "required",   "id",   "東京"};
const std::vector<std::string> kTexts = {"x", "ab", "äöü", "東京", "\"\\\n", "😀😀😀😀"};

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  int below(int n) { return static_cast<int>(engine_() % static_cast<unsigned>(n)); }
  bool one_in(int n) { return below(n) == 0; }
  template <class T>
  const T& of(const std::vector<T>& values) {
    return values[engine_() % values.size()];
  }

 private:
  std::mt19937 engine_;
};

// A declared field, and values that fit it.
class Declared {
 public:
  Declared(Random& random, std::string name, int depth) : random_(random) {
    field_.name = std::move(name);
    field_.optional = random.one_in(3);
    if (random.one_in(3)) field_.description = "what \"it\" is: größer";
    switch (random.below(depth > 0 ? 7 : 5)) {
      case 0:
        text();
        return;
      case 1:
        field_.type = answer::FieldType::integer;
        bounds(1);
        return;
      case 2:
        field_.type = answer::FieldType::number;
        bounds(0.5);
        return;
      case 3:
        field_.type = answer::FieldType::boolean;
        return;
      case 4:
        field_.type = answer::FieldType::one_of;
        field_.choices = {"Zürich", "東京", "a \"b\"", "back\\slash"};
        field_.choices.resize(static_cast<std::size_t>(1 + random.below(4)));
        return;
      case 5:
        field_.type = answer::FieldType::list;
        if (random.one_in(2)) field_.min = random.below(3);
        if (random.one_in(2)) field_.max = 3 + random.below(2);
        add(Declared(random, "", depth - 1));
        return;
      default:
        field_.type = answer::FieldType::object;
        std::vector<std::string> names = kFieldNames;
        for (int n = 1 + random.below(4); n > 0; --n) {
          const auto at = names.begin() + random.below(static_cast<int>(names.size()));
          add(Declared(random, *at, depth - 1));
          names.erase(at);
        }
    }
  }

  const answer::Field& field() const { return field_; }

  json value() {
    if (field_.optional && random_.one_in(4)) return nullptr;
    switch (field_.type) {
      case answer::FieldType::text:
        if (pattern_ != nullptr) return random_.of(pattern_->matches);
        return repeated("ä", length());
      case answer::FieldType::integer:
        return static_cast<int>(number(0));
      case answer::FieldType::number:
        // Never whole: of 1.0 the validator thinks differently.
        return number(0) + (field_.max ? -0.3 : 0.3) + (field_.min && field_.max ? 0.55 : 0);
      case answer::FieldType::boolean:
        return random_.one_in(2);
      case answer::FieldType::one_of:
        return random_.of(field_.choices);
      case answer::FieldType::list: {
        json list = json::array();
        const int least = static_cast<int>(field_.min.value_or(0));
        for (int n = least + random_.below(2); n > 0; --n) list.push_back(members_[0].value());
        return list;
      }
      case answer::FieldType::object: {
        json object = json::object();
        for (Declared& member : members_) object[member.field().name] = member.value();
        return object;
      }
    }
    return nullptr;
  }

 private:
  void add(Declared member) {
    field_.members.push_back(member.field_);
    members_.push_back(std::move(member));
  }

  void text() {
    if (random_.one_in(2)) {
      pattern_ = &random_.of(kKnownPatterns);
      field_.pattern = answer::Pattern::compile(pattern_->text).value();
      if (random_.one_in(2)) field_.min = 1;
      if (random_.one_in(2)) field_.max = 12;
      return;
    }
    if (random_.one_in(2)) field_.min = random_.below(3);
    if (random_.one_in(2)) field_.max = 3 + random_.below(3);
  }

  void bounds(double step) {
    if (random_.one_in(2)) field_.min = step * (random_.below(9) - 4);
    if (random_.one_in(2)) field_.max = field_.min.value_or(0) + step * (2 + random_.below(4));
  }

  // Between the bounds, as their least or their greatest value.
  double number(double otherwise) {
    if (field_.min && field_.max && field_.type == answer::FieldType::integer)
      return random_.one_in(2) ? *field_.min : *field_.max;
    return field_.min && field_.max ? *field_.min
                                    : field_.min.value_or(field_.max.value_or(otherwise));
  }

  int length() {
    return static_cast<int>(random_.one_in(2) ? field_.min.value_or(0) : field_.max.value_or(7));
  }

  static std::string repeated(const std::string& character, int count) {
    std::string text;
    for (; count > 0; --count) text += character;
    return text;
  }

  Random& random_;
  answer::Field field_;
  const KnownPattern* pattern_ = nullptr;
  std::vector<Declared> members_;
};

std::vector<json*> all_values(json& value) {
  std::vector<json*> found;
  for (json& inner : value) {
    found.push_back(&inner);
    if (!inner.is_structured()) continue;
    for (json* deeper : all_values(inner)) found.push_back(deeper);
  }
  return found;
}

// Changes one value somewhere in `answer` a little. Never takes members away from objects or adds
// some: there our check is laxer on purpose.
void mutate(json& answer, Random& random) {
  json& value = *random.of(all_values(answer));
  switch (random.below(5)) {
    case 0:
      value = nullptr;
      return;
    case 1:
      value = random.of(kTexts);
      return;
    case 2:
      value = random.below(9) - 4;
      return;
    default:
      break;
  }
  if (value.is_string()) {
    std::string text = value;
    const std::string more = random.of(kTexts);
    value = random.one_in(2) ? text + more : more + text;
  } else if (value.is_number_integer()) {
    value = value.get<int>() + random.below(5) - 2;
  } else if (value.is_number()) {
    value = value.get<double>() + 0.5 * (random.below(5) - 2);
  } else if (value.is_boolean()) {
    value = 1;
  } else if (value.is_array()) {
    if (value.empty()) {
      value.push_back(true);
    } else if (random.one_in(2)) {
      value.erase(0);
    } else {
      for (int n = random.below(4); n > 0; --n) value.push_back(value[0]);
    }
  } else {
    value = json::array();
  }
}

class SchemaValidator {
 public:
  explicit SchemaValidator(const std::string& schema) : document_(json::parse(schema)) {
    valijson::SchemaParser parser;
    const valijson::adapters::NlohmannJsonAdapter adapter(document_);
    parser.populateSchema(adapter, schema_);
  }
  bool accepts(const json& value) const {
    valijson::Validator validator;
    return validator.validate(schema_, valijson::adapters::NlohmannJsonAdapter(value), nullptr);
  }

 private:
  json document_;
  valijson::Schema schema_;
};

// What a strict mode would refuse in `schema`, or "".
std::string wrong_with_strict_schema(const json& schema, const std::set<std::string>& limits) {
  static const std::set<std::string> kTaken = {
      "type", "properties", "required",    "items",
      "enum", "anyOf",      "description", "additionalProperties"};
  for (const auto& [keyword, value] : schema.items()) {
    if (!kTaken.contains(keyword) && !limits.contains(keyword)) return "keyword " + keyword;
  }
  if (!schema.contains("type") && !schema.contains("anyOf")) return "no type: " + schema.dump();
  if (schema.contains("properties")) {
    std::set<std::string> names;
    for (const auto& [name, inner] : schema["properties"].items()) {
      names.insert(name);
      if (auto wrong = wrong_with_strict_schema(inner, limits); !wrong.empty()) return wrong;
    }
    if (schema.value("additionalProperties", true)) return "an open object";
    const std::vector<std::string> required = schema["required"];
    if (required.size() != names.size() ||
        std::set<std::string>(required.begin(), required.end()) != names)
      return "a property that is not required";
  }
  if (schema.contains("items")) return wrong_with_strict_schema(schema["items"], limits);
  for (const json& branch : schema.value("anyOf", json::array())) {
    if (auto wrong = wrong_with_strict_schema(branch, limits); !wrong.empty()) return wrong;
  }
  return "";
}

const std::set<std::string> kBounds = {"minimum", "maximum", "minItems", "maxItems"};
std::set<std::string> with(std::set<std::string> some, const std::set<std::string>& more) {
  some.insert(more.begin(), more.end());
  return some;
}

std::vector<Declared> random_declaration(Random& random) {
  std::vector<Declared> columns;
  for (int n = 1 + random.below(5); n > 0; --n)
    columns.emplace_back(random, "c" + std::to_string(n), 3);
  return columns;
}

std::vector<answer::Field> fields_of(const std::vector<Declared>& columns) {
  std::vector<answer::Field> fields;
  for (const Declared& column : columns) fields.push_back(column.field());
  return fields;
}

json answer_of(std::vector<Declared>& columns) {
  json answer = json::object();
  for (Declared& column : columns) answer[column.field().name] = column.value();
  return answer;
}

TEST(Declarations, MakeSchemasThatStrictModesTake) {
  Random random(5);
  for (int round = 0; round < kDeclarations; ++round) {
    const std::vector<answer::Field> fields = fields_of(random_declaration(random));
    for (const std::string& schema : {answer::answer_schema(fields), answer::pack_schema(fields)}) {
      EXPECT_EQ(with_limits_described(with_limits_described(schema, SchemaKeywords::all),
                                      SchemaKeywords::all),
                with_limits_described(schema, SchemaKeywords::all));
      const std::string openai = with_limits_described(schema, SchemaKeywords::no_text_lengths);
      const std::string anthropic = with_limits_described(schema, SchemaKeywords::none);
      ASSERT_EQ(wrong_with_strict_schema(json::parse(schema),
                                         with(kBounds, {"minLength", "maxLength", "pattern"})),
                "")
          << schema;
      ASSERT_EQ(wrong_with_strict_schema(json::parse(openai), with(kBounds, {"pattern"})), "")
          << openai;
      ASSERT_EQ(wrong_with_strict_schema(json::parse(anthropic), {}), "") << anthropic;
    }
  }
}

TEST(Declarations, AreCheckedAsAValidatorChecksTheirSchemas) {
  Random random(6);
  simdjson::dom::parser parser;
  int fitting = 0, unfit = 0;
  for (int round = 0; round < kDeclarations; ++round) {
    std::vector<Declared> columns = random_declaration(random);
    const std::vector<answer::Field> fields = fields_of(columns);
    const std::string schema = answer::answer_schema(fields);
    const SchemaValidator validator(schema);
    const SchemaValidator in_words(with_limits_described(schema, SchemaKeywords::none));
    for (int i = 0; i < 12; ++i) {
      json answer = answer_of(columns);
      const bool changed = i >= 2;
      if (changed) mutate(answer, random);
      const bool valid = validator.accepts(answer);
      const std::string text = answer.dump();
      simdjson::dom::object object;
      ASSERT_EQ(parser.parse(text).get(object), simdjson::SUCCESS);
      const auto wrong = answer::misfit(object, fields);
      ASSERT_EQ(valid, !wrong.has_value()) << text << "\n"
                                           << schema << "\n"
                                           << wrong.value_or("fits");
      ASSERT_TRUE(valid || changed) << text << "\n" << schema;
      ASSERT_TRUE(!valid || in_words.accepts(answer)) << text << "\n" << schema;
      ++(valid ? fitting : unfit);
    }
  }
  EXPECT_GT(fitting, 3 * kDeclarations);
  EXPECT_GT(unfit, 3 * kDeclarations);
}

}  // namespace
}  // namespace sluice::stages
