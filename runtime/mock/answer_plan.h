// A JSON Schema, compiled into a plan for making up values that fit it. It is no model: it cannot
// read. What it has is determinism (the same schema, text and seed always give the same value) and,
// for enumerations, a guess by spelling: the choice whose beginning shares the most letters (three
// at least) with a word of the text, so that "refund my last bill" is "billing" more often than
// not.
//
// Known of JSON Schema: type (also as a list with "null"), properties, items, enum, const, anyOf
// with null, minimum, maximum, minLength, maxLength, minItems, maxItems. All else is ignored.
//
// Threads: immutable after compile(); any.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::mock {

class AnswerPlan {
 public:
  // nullopt when `schema` is no JSON object, or nests deeper than kMaxDepth.
  static std::optional<AnswerPlan> compile(std::string_view schema);
  static constexpr int kMaxDepth = 32;

  // Whether the schema is that of a pack: {"answers": [{"id": …, …}]}.
  bool is_pack() const { return entry_ != nullptr; }

  // Appends a value that fits the schema.
  void fill(std::string& out, std::string_view text, std::uint64_t seed) const;
  // Appends one entry of a pack: `id`, then what fill() of the same schema without "id" gives.
  void fill_entry(std::string& out, std::string_view id, std::string_view text,
                  std::uint64_t seed) const;

  struct Node;  // for answer_plan.cc

 private:
  std::shared_ptr<const Node> root_;
  const Node* entry_ = nullptr;  // within root_
};

}  // namespace sluice::mock
