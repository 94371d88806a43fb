// What an endpoint is fit for at a moment. Threads: a plain value.
#pragma once

#include <cstdint>

namespace sluice::observe {

enum class Health : std::uint8_t {
  fine,
  cooling,  // waits as the server asked
  probing,  // one request tries whether it answers again
  broken,   // its breaker is open
  stopped,  // for this run
};

}  // namespace sluice::observe
