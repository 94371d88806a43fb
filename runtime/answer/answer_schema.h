// From an `answer` declaration: the JSON Schema that providers get, and the words for those that
// take none. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "answer/field.h"

namespace sluice::answer {

// The schema of one row's answer: an object, closed, every property required (an optional one may
// be null), as OpenAI's strict mode asks (docs/providers.md, Schemas).
std::string answer_schema(const std::vector<Field>& answer);

// The schema of a pack's reply: {"answers": [{"id": text, …the answer's fields}]}.
std::string pack_schema(const std::vector<Field>& answer);

// How to reply to a pack, for the system prompt of every endpoint.
std::string pack_instruction();

// The schema put in words, for endpoints that take none: ends with the schema between
// "```json-schema" and "```" lines.
std::string schema_description(const std::string& schema);

}  // namespace sluice::answer
