// Strict schema modes of hosted services take a part of JSON Schema and answer anything else with
// status 400, for every request. Which limits they refuse differs; those become words in the
// `description`, so that the model still knows them (and the parse stage checks them anyway).
// Plain functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "provider/service.h"

namespace sluice::provider {

// A `pattern` is sent only as "^…$" of what all regular expressions have in common: JSON Schema
// searches for it, but the grammars that services make of it take it as the whole text, and some
// (llama.cpp) refuse one without both anchors.
enum class LimitsTaken : std::uint8_t {
  all,
  no_text_lengths,  // not minLength, maxLength
  none,             // nor bounds of numbers and lists, nor patterns
};

LimitsTaken limits_taken(Service service);

// `schema` with the limits that are not taken turned into words. What is no JSON, and what has
// nothing to turn, comes back as it is; so does the result, when it is given again.
std::string with_limits_in_words(std::string_view schema, LimitsTaken taken);

}  // namespace sluice::provider
