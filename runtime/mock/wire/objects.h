// How stores of objects (S3, Google's XML API) say that a request is refused: mock/objects.h has the
// rest of them.
//
// Threads: constant data and plain functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "wire/service.h"

namespace sluice::wire {

extern const Service kObjects;

// With entities for what XML has a meaning for.
std::string xml_text(std::string_view text);

}  // namespace sluice::wire
