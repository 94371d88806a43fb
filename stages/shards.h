// Which records of an input this process reads, where several share it (passes/passes.h).
//
// Threads: the reader's.
#pragma once

#include <cstdint>

#include "core/error.h"

namespace sluice::stages {

class Shards {
 public:
  enum class Wanted : std::uint8_t { yes, no, no_more };

  virtual ~Shards() = default;
  // Record `number` of the whole input, from 0, ascending from call to call. `no_more`: neither this nor any
  // behind it. May wait for a server.
  virtual core::Result<Wanted> wants(std::uint64_t number) = 0;
  // The input has so many records: it was read to its end.
  virtual core::Status ended(std::uint64_t records) = 0;
};

}  // namespace sluice::stages
