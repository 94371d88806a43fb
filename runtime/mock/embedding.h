// Vectors made from text and seed. They mean nothing, but they behave: of length one, the same for
// the same text, and the nearer to each other the more words two texts have in common.
//
// Threads: a plain function, any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice::mock {

std::vector<float> vector_for(std::string_view text, std::uint32_t dimensions, std::uint64_t seed);

}  // namespace sluice::mock
