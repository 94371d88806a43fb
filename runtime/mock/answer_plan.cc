#include "mock/answer_plan.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/hash.h"
#include "core/json.h"
#include "mock/answerer.h"
#include "mock/text_words.h"
#include "simulate/random.h"

namespace sluice::mock {

struct AnswerPlan::Node {
  enum class Kind : std::uint8_t { object, array, text, integer, number, boolean, choice, null };
  struct Choice {
    std::string json;
    std::string text;  // what is compared with the row's words; empty when it is no string
  };
  struct Property {
    std::string key;  // as JSON, with its colon
    std::string name;
    std::uint64_t hash = 0;
    std::shared_ptr<const Node> value;
  };
  Kind kind = Kind::text;
  bool nullable = false;
  std::optional<double> min;
  std::optional<double> max;
  std::vector<Choice> choices;
  std::vector<Property> properties;
  std::shared_ptr<const Node> items;
};

namespace {

using Node = AnswerPlan::Node;
using Kind = Node::Kind;
using simdjson::dom::element;

constexpr double kNullShare = 0.125;
constexpr std::size_t kTextLength = 60;      // where the schema sets no limit
constexpr double kRange = 100;               // of numbers that are bounded on one side at most
constexpr double kMostItems = 3;             // more than minItems
constexpr double kExact = 9e15;              // integers up to here are exact in a double
constexpr double kLongestText = 1 << 16;     // whatever minLength says
constexpr std::size_t kMostBytes = 1 << 20;  // lists end early beyond: nested ones multiply

std::optional<double> number_at(const element& schema, std::string_view key) {
  double number = 0;
  if (schema[key].get(number) != simdjson::SUCCESS) return std::nullopt;
  return std::clamp(number, -kExact, kExact);
}

Kind kind_of(std::string_view type) {
  if (type == "object") return Kind::object;
  if (type == "array") return Kind::array;
  if (type == "integer") return Kind::integer;
  if (type == "number") return Kind::number;
  if (type == "boolean") return Kind::boolean;
  if (type == "null") return Kind::null;
  return Kind::text;
}

void read_type(const element& type, Node& node) {
  std::string_view name;
  if (type.get(name) == simdjson::SUCCESS) {
    node.kind = kind_of(name);
    return;
  }
  simdjson::dom::array names;
  if (type.get(names) != simdjson::SUCCESS) return;
  for (const element entry : names) {
    if (entry.get(name) != simdjson::SUCCESS) continue;
    if (name == "null") {
      node.nullable = true;
    } else {
      node.kind = kind_of(name);
    }
  }
}

void add_choice(const element& value, Node& node) {
  if (value.is_null()) {
    node.nullable = true;
    return;
  }
  Node::Choice choice;
  choice.json = simdjson::minify(value);
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) choice.text = text;
  node.choices.push_back(std::move(choice));
}

std::shared_ptr<const Node> read_schema(const element& schema, int depth);

// anyOf: the first branch that is not null.
std::shared_ptr<const Node> read_branches(const simdjson::dom::array& branches, int depth) {
  std::shared_ptr<const Node> chosen;
  bool nullable = false;
  for (const element branch : branches) {
    const auto node = read_schema(branch, depth + 1);
    if (!node) return nullptr;
    if (node->kind == Kind::null) {
      nullable = true;
    } else if (!chosen) {
      chosen = node;
    }
  }
  if (!chosen || !nullable) return chosen;
  auto copy = std::make_shared<Node>(*chosen);
  copy->nullable = true;
  return copy;
}

bool read_properties(const element& schema, int depth, Node& node) {
  simdjson::dom::object properties;
  if (schema["properties"].get(properties) != simdjson::SUCCESS) return true;
  for (const auto [name, value] : properties) {
    Node::Property property;
    core::append_json_string(property.key, name);
    property.key += ':';
    property.name = name;
    property.hash = core::hash128(name).low;
    property.value = read_schema(value, depth + 1);
    if (!property.value) return false;
    node.properties.push_back(std::move(property));
  }
  return true;
}

// nullptr when it nests too deep.
std::shared_ptr<const Node> read_schema(const element& schema, int depth) {
  if (depth > AnswerPlan::kMaxDepth) return nullptr;
  simdjson::dom::array list;
  if (schema["anyOf"].get(list) == simdjson::SUCCESS) return read_branches(list, depth);

  auto node = std::make_shared<Node>();
  element part;
  if (schema["properties"].get(part) == simdjson::SUCCESS) node->kind = Kind::object;
  if (schema["type"].get(part) == simdjson::SUCCESS) read_type(part, *node);
  if (schema["const"].get(part) == simdjson::SUCCESS) add_choice(part, *node);
  if (schema["enum"].get(list) == simdjson::SUCCESS) {
    for (const element value : list) add_choice(value, *node);
  }
  if (!node->choices.empty()) node->kind = Kind::choice;

  const bool counted = node->kind == Kind::array;
  const bool measured = node->kind == Kind::text;
  node->min = number_at(schema, counted ? "minItems" : measured ? "minLength" : "minimum");
  node->max = number_at(schema, counted ? "maxItems" : measured ? "maxLength" : "maximum");
  if (node->kind == Kind::object && !read_properties(schema, depth, *node)) return nullptr;
  if (node->kind == Kind::array && schema["items"].get(part) == simdjson::SUCCESS) {
    node->items = read_schema(part, depth + 1);
    if (!node->items) return nullptr;
  }
  return node;
}

// Makes one value up. `draw` is this place's own random number.
class Filler {
 public:
  Filler(std::string& out, std::string_view text) : out_(out), words_(words_of(text)) {}

  void fill(const Node& node, std::uint64_t draw) {
    if (node.nullable && simulate::unit(simulate::mix(draw, 1)) < kNullShare) {
      out_ += "null";
      return;
    }
    switch (node.kind) {
      case Kind::object:
        return object(node, draw, nullptr);
      case Kind::array:
        return array(node, draw);
      case Kind::text:
        return text(node, draw);
      case Kind::integer:
        return integer(node, draw);
      case Kind::number:
        return number(node, draw);
      case Kind::boolean:
        out_ += (draw & 1) != 0 ? "true" : "false";
        return;
      case Kind::choice:
        out_ += choose(node.choices, draw).json;
        return;
      case Kind::null:
        out_ += "null";
        return;
    }
  }

  // `id` stands for the property of that name, where it is given.
  void object(const Node& node, std::uint64_t draw, const std::string_view* id) {
    out_ += '{';
    bool first = true;
    for (const Node::Property& property : node.properties) {
      if (!first) out_ += ',';
      first = false;
      out_ += property.key;
      if (id != nullptr && property.name == "id") {
        core::append_json_string(out_, *id);
      } else {
        fill(*property.value, simulate::mix(draw, property.hash));
      }
    }
    out_ += '}';
  }

 private:
  void array(const Node& node, std::uint64_t draw) {
    const double least = std::max(node.min.value_or(1), 0.0);
    const double most = std::min(node.max.value_or(least + kMostItems), least + kMostItems);
    const double count =
        least + std::floor(simulate::unit(draw) * (std::max(most, least) - least + 1));
    out_ += '[';
    for (std::uint64_t i = 0; node.items && i < static_cast<std::uint64_t>(count); ++i) {
      if (out_.size() > kMostBytes) break;
      if (i > 0) out_ += ',';
      fill(*node.items, simulate::mix(draw, i));
    }
    out_ += ']';
  }

  void text(const Node& node, std::uint64_t draw) {
    const auto min = static_cast<std::size_t>(std::clamp(node.min.value_or(0), 0.0, kLongestText));
    const auto limit = static_cast<std::size_t>(std::max(node.max.value_or(kTextLength), 0.0));
    const std::size_t max =
        node.max ? std::min(limit, std::max(kTextLength, min)) : std::max(kTextLength, min);
    core::append_json_string(out_, some_words(words_, draw, min, max));
  }

  static std::pair<double, double> range(const Node& node) {
    if (node.min && node.max) return {*node.min, std::max(*node.min, *node.max)};
    if (node.max) return {*node.max - kRange, *node.max};
    return {node.min.value_or(0), node.min.value_or(0) + kRange};
  }

  void integer(const Node& node, std::uint64_t draw) {
    const auto [low, high] = range(node);
    const double from = std::ceil(low);
    const double count = std::max(std::floor(high) - from + 1, 1.0);
    core::JsonWriter(out_).value(
        static_cast<std::int64_t>(from + std::floor(simulate::unit(draw) * count)));
  }

  void number(const Node& node, std::uint64_t draw) {
    constexpr double kStep = 1000;  // three decimals are enough to look at
    const auto [low, high] = range(node);
    const double value = std::round((low + simulate::unit(draw) * (high - low)) * kStep) / kStep;
    core::JsonWriter(out_).value(std::clamp(value, low, high));
  }

  const Node::Choice& choose(const std::vector<Node::Choice>& choices, std::uint64_t draw) {
    std::size_t best = 0;
    candidates_.clear();
    for (const Node::Choice& choice : choices) {
      std::size_t score = 0;
      for (const std::string_view word : words_) {
        score = std::max(score, likeness(choice.text, word));
      }
      if (score > best) candidates_.clear();
      best = std::max(best, score);
      if (score == best) candidates_.push_back(&choice);
    }
    return *candidates_[draw % candidates_.size()];
  }

  std::string& out_;
  std::vector<std::string_view> words_;
  std::vector<const Node::Choice*> candidates_;
};

std::uint64_t draw_for(std::string_view text, std::uint64_t seed) {
  return core::hash128(text, seed).low;
}

const Node* pack_entry(const Node& root) {
  if (root.kind != Kind::object || root.properties.size() != 1) return nullptr;
  const Node::Property& answers = root.properties.front();
  if (answers.name != "answers" || answers.value->kind != Kind::array) return nullptr;
  const Node* const entry = answers.value->items.get();
  if (entry == nullptr || entry->kind != Kind::object) return nullptr;
  const bool has_id = std::any_of(entry->properties.begin(), entry->properties.end(),
                                  [](const Node::Property& p) { return p.name == "id"; });
  return has_id ? entry : nullptr;
}

}  // namespace

std::optional<AnswerPlan> AnswerPlan::compile(std::string_view schema) {
  simdjson::dom::parser parser;
  element document;
  if (parser.parse(schema.data(), schema.size()).get(document) != simdjson::SUCCESS ||
      !document.is_object()) {
    return std::nullopt;
  }
  AnswerPlan plan;
  plan.root_ = read_schema(document, 0);
  if (!plan.root_) return std::nullopt;
  plan.entry_ = pack_entry(*plan.root_);
  return plan;
}

void AnswerPlan::fill(std::string& out, std::string_view text, std::uint64_t seed) const {
  Filler(out, text).fill(*root_, draw_for(text, seed));
}

void AnswerPlan::fill_entry(std::string& out, std::string_view id, std::string_view text,
                            std::uint64_t seed) const {
  Filler(out, text).object(*entry_, draw_for(text, seed), &id);
}

std::string free_text_for(std::string_view row_text, std::uint64_t seed) {
  return some_words(words_of(row_text), draw_for(row_text, seed), 1, kTextLength);
}

std::string answer_for(std::string_view schema, std::string_view row_text, std::uint64_t seed) {
  std::string out;
  if (const auto plan = AnswerPlan::compile(schema)) {
    plan->fill(out, row_text, seed);
  } else {
    core::append_json_string(out, free_text_for(row_text, seed));
  }
  return out;
}

}  // namespace sluice::mock
