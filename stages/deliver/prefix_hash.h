// What the beginning of a file of lines was, up to any byte of it: so that a sink which has so much of it
// knows whether that is still what stands there.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/hash.h"
#include "format/record_target.h"

namespace sluice::deliver {

// Stored: a change of it has every sink written again.
class PrefixHash {
 public:
  void add(std::string_view bytes);
  std::uint64_t bytes() const { return bytes_; }
  // Of all that was added; takes as long as hashing a MiB.
  format::Stand stand() const;

 private:
  core::Hash128 blocks_;  // of the whole blocks so far
  std::string rest_;
  std::uint64_t bytes_ = 0;
};

}  // namespace sluice::deliver
