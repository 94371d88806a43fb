// Worked examples in the system text: rows as they would be asked, with the answers that they
// should get. Pure functions; any thread.
#pragma once

#include <simdjson.h>

#include <expected>
#include <string>
#include <vector>

#include "answer/field.h"
#include "stages/spec.h"

namespace sluice::stages {

// `answer` as a model that keeps to the schema writes it: all fields in the order of the
// declaration, null for an optional one that is absent. Or what does not fit the declaration, in
// words; unlike in a model's answer, that includes a name that is not declared.
std::expected<std::string, std::string> example_answer(const simdjson::dom::object& answer,
                                                       const std::vector<answer::Field>& fields);

// What the system text ends with. The examples' rows stand in the frame that rows of a pack have.
// `packed`, `plain_text`: of the question (stages/question.h).
std::string examples_text(const std::vector<Example>& examples, bool packed, bool plain_text);

}  // namespace sluice::stages
