// How long the vectors of known models are.
//
// Threads: a plain function over constant data, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::wire {

struct EmbeddingModel {
  std::string_view begins;  // its name; empty = any other
  std::uint32_t dimensions = 0;
  bool shorter = true;  // takes a number of dimensions
};
const EmbeddingModel& embedding_model(std::string_view name);

}  // namespace sluice::wire
