// What the mock answers to one row. A pure function, so that a test can work out what it must find
// in the output.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::mock {

// `schema` is the JSON Schema of one row's answer (without the pack's "answers" and "id"); empty or
// unusable = free text. Gives a JSON value; for free text a JSON string.
std::string answer_for(std::string_view schema, std::string_view row_text, std::uint64_t seed);

// The free text itself.
std::string free_text_for(std::string_view row_text, std::uint64_t seed);

}  // namespace sluice::mock
