// A vector as it stands in an output line: a JSON list, each number in the shortest form that reads
// back as the same 32-bit float.
//
// Threads: any; plain functions.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "stages/spec.h"

namespace sluice::stages {

// Of a number in the list, about; for what is expected of lines that are not written yet.
constexpr std::size_t kUsualNumberBytes = 12;
// Where the pipeline does not say how many numbers a vector has: the most that common models give.
constexpr std::size_t kUsualDimensions = 1536;

// Of each row's answer, where it is a vector; else 0.
inline std::size_t expected_answer_bytes(const PackSpec& pack) {
  if (!pack.embed) return 0;
  const auto dimensions = static_cast<std::size_t>(pack.embed->dimensions.value_or(0));
  return kUsualNumberBytes * (dimensions > 0 ? dimensions : kUsualDimensions);
}

// All must be finite.
void append_vector(std::string& out, std::span<const float> numbers);

}  // namespace sluice::stages
