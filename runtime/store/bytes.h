// Little-endian integers in the checkpoint's blobs. The caller answers for the bounds.
#pragma once

#include <bit>
#include <cstring>
#include <string>

#include "core/hash.h"

namespace sluice::store {

static_assert(std::endian::native == std::endian::little,
              "the checkpoint's blobs are little-endian; a big-endian port must swap here");

template <class Int>
void put(std::string& out, Int value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class Int>
Int get(const char* at) {
  Int value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

inline void put(std::string& out, const core::Hash128& hash) {
  put(out, hash.high);
  put(out, hash.low);
}

inline core::Hash128 get_hash(const char* at) {
  return {get<std::uint64_t>(at), get<std::uint64_t>(at + 8)};
}

}  // namespace sluice::store
