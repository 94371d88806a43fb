// One case of a test file (docs/testing.md), read from the JSON object that it stands for.
//
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/money.h"
#include "rehearse/replies.h"

namespace sluice::rehearse {

// What is wrong with a case: `word` is the name in the test file that it is about.
struct Mistake {
  std::string word;
  std::string what;
  std::string hint;
  std::vector<std::string> instead;  // what the word may have been meant to be; may be empty
};

// What the run should bring. Rows and rejects are JSON objects: the fields that they name are
// compared, and no others.
struct Expected {
  std::optional<std::vector<std::string>> rows;
  std::optional<std::vector<std::string>> rejects;  // none: no row may be rejected
  bool snapshot = false;
  std::optional<std::uint64_t> requests;
  std::vector<std::string> with;     // texts that some request holds
  std::vector<std::string> without;  // texts that no request holds
  std::optional<core::Money> cost;   // at most
  std::string stops;                 // part of why the run stops; empty: it does not
};

// A call of one function of the pipeline instead of a run.
struct Call {
  enum class Function : std::uint8_t { map, keep, explode, validate, check, user, parse, escalate };
  Function function = Function::map;
  std::size_t nth = 1;               // of that kind in the pipeline
  std::vector<std::string> answers;  // of parse and escalate: one for each row, as JSON
  std::vector<std::string> returns;  // one for each row, as JSON; or
  std::string fails;                 // part of the reason that it gives for each row
};

struct Case {
  std::string name;
  std::string rows;  // JSON lines
  std::map<std::string, std::string> set;
  std::vector<ReplyTexts> replies;  // of each question; its functions left empty
  Expected expected;
  std::optional<Call> call;
};

std::expected<Case, Mistake> read_case(std::string_view json);

// The name that such an object gives; empty when it gives none.
std::string name_of(std::string_view json);

}  // namespace sluice::rehearse
