// Vectors out of an embedding reply. For the codecs' own .cc files.
#pragma once

#include <string_view>
#include <vector>

#include "provider/codec.h"
#include "provider/wire_json.h"

namespace sluice::codec {

// Appends one vector's numbers: a list of numbers, or base64 of little-endian 32-bit floats, with or
// without its padding. False where it is neither, is empty, or has one that is not finite.
bool append_floats(const provider::Element& vector, std::vector<float>& numbers);

// Takes `numbers` as the vector of input `index` into `reply`, which has room for `count` of them in
// their order. False where its length is not that of the others.
bool place_vector(const std::vector<float>& numbers, std::size_t index, std::size_t count,
                  provider::Reply& reply);

// Where the numbers of a vector are not as many as `dimensions` (0: any): the endpoint cannot do
// what the pipeline asks for, and says so in `reply`. No vectors are left then.
void check_dimensions(provider::Reply& reply, int dimensions);

}  // namespace sluice::codec
