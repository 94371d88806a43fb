// Checks JSON against declared fields. Used on rows (validate) and on answers (parse).
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <vector>

#include "answer/field.h"

namespace sluice::answer {

// The first thing in `object` that does not fit `fields`, in words that a person and a model both
// understand ("urgency must be at most 5, got 9"); nullopt when all fits. Members that no field
// names are allowed.
std::optional<std::string> misfit(const simdjson::dom::object& object,
                                  const std::vector<Field>& fields);

}  // namespace sluice::answer
