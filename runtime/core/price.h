// What the tokens of a request cost: by what they were (read, read from a cache, written to a cache,
// answered), by how long the prompt was and by the tier of service that took the request. Plain
// values and plain functions, any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/money.h"

namespace sluice::core {

// How a service took a request. A reply may name another tier than the request asked for, and the
// bill goes by the reply. Names: provider/tier.h.
enum class Tier : std::uint8_t {
  asked,  // none is named, or one that is not known: the one that was asked for
  standard,
  flex,
  priority,
  batch,
  fast,  // Anthropic's fast mode; what OpenAI calls fast is its priority
};
constexpr std::size_t kTiers = 6;

// Which entries of a prompt cache a request may write: for five minutes (or as long as the service
// says), for an hour.
enum class CacheWrites : std::uint8_t { none, brief, hour };

// What one token costs.
struct Rates {
  Money input;
  Money cached_input;
  Money output;                              // thinking included
  std::optional<Money> cache_write = {};     // none: as input
  std::optional<Money> cache_write_1h = {};  // none: as cache_write

  constexpr Money write() const { return cache_write.value_or(input); }
  constexpr Money write_1h() const { return cache_write_1h.value_or(write()); }
  friend constexpr bool operator==(const Rates&, const Rates&) = default;
};

// Of one tier: up to the step, and above it.
struct TierRates {
  Rates rates;
  Rates above;
  friend constexpr bool operator==(const TierRates&, const TierRates&) = default;
};

// What one token costs at an endpoint. The first five are the rates of the tier that its requests
// ask for.
struct Price {
  Money input;
  Money cached_input;
  Money output;
  std::optional<Money> cache_write = {};
  std::optional<Money> cache_write_1h = {};
  // A request with more input tokens than this costs `above`, all of it. Zero: there is no step.
  std::uint64_t step = 0;
  Rates above = {};
  // What the requests may write, for the worst case; replies that report more are billed exactly.
  CacheWrites writes = CacheWrites::none;
  // What other tiers cost, by Tier. None: as the one that is asked for.
  std::array<std::optional<TierRates>, kTiers> tiers = {};

  // Of a request that was served at `tier`, with so many input tokens.
  constexpr Rates rates(Tier tier, std::uint64_t input_tokens) const {
    const bool long_prompt = step > 0 && input_tokens > step;
    if (const auto& other = tiers[static_cast<std::size_t>(tier)])
      return long_prompt ? other->above : other->rates;
    if (long_prompt) return above;
    return {input, cached_input, output, cache_write, cache_write_1h};
  }
  friend constexpr bool operator==(const Price&, const Price&) = default;
};

}  // namespace sluice::core
