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

enum class LimitsTaken : std::uint8_t {
  all,
  no_text_lengths,  // not minLength, maxLength
  none,             // nor bounds of numbers and lists
};

LimitsTaken limits_taken(Service service);

// `schema` with the limits that are not taken turned into words. What is no JSON comes back as it
// is.
std::string with_limits_in_words(std::string_view schema, LimitsTaken taken);

}  // namespace sluice::provider
