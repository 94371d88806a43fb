#include "stages/examples.h"

#include <fmt/format.h>

#include <algorithm>

#include "answer/field_check.h"
#include "core/json.h"
#include "provider/row_tags.h"

namespace sluice::stages {
namespace {

using core::JsonWriter;
using simdjson::dom::element;

// Writes values that fit their declaration; notes the first name that no field has.
class ExampleWriter {
 public:
  explicit ExampleWriter(std::string& out) : json_(out) {}
  const std::string& undeclared() const { return undeclared_; }

  void object(const simdjson::dom::object& object, const std::vector<answer::Field>& fields,
              const std::string& path) {
    for (const auto [name, value] : object) {
      if (std::ranges::find(fields, name, &answer::Field::name) == fields.end() &&
          undeclared_.empty())
        undeclared_ = path + std::string(name);
    }
    json_.open('{');
    for (const answer::Field& field : fields) {
      json_.key(field.name);
      element inner;
      if (object[field.name].get(inner) != simdjson::SUCCESS) {
        json_.null();
      } else {
        value(inner, field, path + field.name);
      }
    }
    json_.close('}');
  }

 private:
  void value(const element& value, const answer::Field& field, const std::string& path) {
    simdjson::dom::object members;
    simdjson::dom::array items;
    if (field.type == answer::FieldType::object && value.get(members) == simdjson::SUCCESS) {
      object(members, field.members, path + ".");
    } else if (field.type == answer::FieldType::list && value.get(items) == simdjson::SUCCESS) {
      json_.open('[');
      for (const element item : items) this->value(item, field.members.front(), path + "[]");
      json_.close(']');
    } else {
      json_.raw(simdjson::minify(value));
    }
  }

  JsonWriter json_;
  std::string undeclared_;
};

// No row of a pack has such an id (stages/pack.cc), so that a copied one shows itself.
std::string example_id(std::size_t index) {
  return fmt::format("example-{}", index + 1);
}

void append_packed(std::string& out, const std::vector<Example>& examples) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < examples.size(); ++i) ids.push_back(example_id(i));
  std::vector<provider::FramedRow> rows;
  std::string answers;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    rows.push_back({ids[i], examples[i].prompt});
    if (i > 0) answers += ',';
    answers += fmt::format(R"({{"id":"{}",)", ids[i]);
    answers.append(examples[i].answer, 1);  // behind its brace: an answer has a field at least
  }
  out += "Examples of items:\n";
  provider::append_framed(out, rows);
  out += fmt::format("The right reply to them:\n{{\"answers\":[{}]}}", answers);
}

// The text in {"answer": text}.
std::string plain_answer(const std::string& answer) {
  simdjson::dom::parser parser;
  std::string_view text;
  if (parser.parse(answer)["answer"].get(text) != simdjson::SUCCESS) return answer;
  return std::string(text);
}

}  // namespace

std::expected<std::string, std::string> example_answer(const simdjson::dom::object& answer,
                                                       const std::vector<answer::Field>& fields) {
  if (auto wrong = answer::misfit(answer, fields)) return std::unexpected(std::move(*wrong));
  std::string out;
  ExampleWriter writer(out);
  writer.object(answer, fields, "");
  if (!writer.undeclared().empty())
    return std::unexpected(fmt::format("'{}' is not declared", writer.undeclared()));
  return out;
}

std::string examples_text(const std::vector<Example>& examples, bool packed, bool plain_text) {
  std::string out;
  if (packed) {
    append_packed(out, examples);
    return out;
  }
  out = "Examples of messages, each between tags and followed by the right reply to it:";
  for (std::size_t i = 0; i < examples.size(); ++i) {
    out += "\n\n";
    const std::string id = example_id(i);
    const provider::FramedRow rows[] = {{id, examples[i].prompt}};
    provider::append_framed(out, rows);
    out += plain_text ? plain_answer(examples[i].answer) : examples[i].answer;
  }
  return out;
}

}  // namespace sluice::stages
