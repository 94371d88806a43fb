// What several tests of answers need.
#pragma once

#include <string>

#include "answer/field.h"

namespace sluice::answer {

inline Field field(std::string name, FieldType type) {
  Field made;
  made.name = std::move(name);
  made.type = type;
  return made;
}

}  // namespace sluice::answer
