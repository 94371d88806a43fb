// Vectors out of an embedding reply. For the codecs' own .cc files. Plain functions and a base class; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "provider/codec_base.h"
#include "provider/wire_json.h"

namespace sluice::codec {

// Appends one vector's numbers: a list of numbers, or base64 of little-endian 32-bit floats, with or
// without its padding. False where it is neither, is empty, or has one that is not finite.
bool append_floats(const provider::Element& vector, std::vector<float>& numbers);

// Takes `numbers` as the vector of input `index` into `reply`, which has room for `count` of them in
// their order. False where its length is not that of the others.
bool place_vector(const std::vector<float>& numbers, std::size_t index, std::size_t count,
                  provider::Reply& reply);

// What codecs of embeddings share: no output, and how a reply ends.
struct EmbeddingCodecBase : provider::CodecBase {
  using CodecBase::CodecBase;
  std::optional<int> output_cap() const final { return 0; }

 protected:
  // Takes the vectors from the list that `body` has under `name`, or says in `reply` why there are none. Where
  // they have not as many numbers as the pipeline asks for, the endpoint cannot do it.
  void take_vectors(const provider::Element& body, std::string_view name,
                    provider::Reply& reply) const;

 private:
  // What is wrong with them; empty: nothing.
  virtual std::string_view read_vectors(const simdjson::dom::array& list,
                                        provider::Reply& reply) const = 0;
};

}  // namespace sluice::codec
