#include "provider/outcome.h"

#include <algorithm>

namespace sluice::provider {

core::Money cost_of(const Usage& usage, const core::Price& price) {
  // A provider that reports more cached tokens than input tokens must not make the fresh part wrap.
  const std::uint64_t cached = std::min(usage.cached_input, usage.input);
  return price.input * (usage.input - cached) + price.cached_input * cached +
         price.output * usage.output;
}

}  // namespace sluice::provider
