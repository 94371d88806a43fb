// Holds what a server says about one request against what was sent and what came back. A budget is
// hard, and estimates, quotas and pack sizes are learned from these figures: so one that cannot be
// true is dropped, and what it was about is counted at its worst.
//
// The bounds are wide: no honest server should meet them. They do not find out who counts a little
// wrong, only figures that are about something else: other units, other requests, nothing at all.
//
// Plain functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/money.h"
#include "core/price.h"
#include "provider/outcome.h"

namespace sluice::provider {

// Bytes of one exchange.
struct Exchange {
  std::uint64_t sent = 0;                // of the request's body
  std::uint64_t prompt = 0;              // of that, the row's or rows' own text
  std::uint64_t words = 0;               // of the answer's text, white space apart
  std::uint64_t reply = 0;               // of the reply's body
  std::optional<int> max_output_tokens;  // as sent
};

// Tokens of white space are up to 128 bytes long, others rarely more than 16; text that is nothing
// but rulers ("=====") comes near to this mean.
constexpr std::uint64_t kMostBytesPerToken = 64;
constexpr std::uint64_t kMostWordBytesPerToken = 32;
// Byte-level vocabularies make no more tokens than there are bytes. What a service adds to the
// prompt (its own instructions, the schema once more) is in the constant.
constexpr std::uint64_t kMostTokensPerByte = 2;
constexpr std::uint64_t kMostAddedTokens = 16'384;
// Where no max_output_tokens is set: the most that current models write in one reply, twice.
constexpr std::uint64_t kMostOutputTokens = 256'000;
// A charge that is further from the list price than this is in other units.
constexpr std::uint64_t kMostTimesThePrice = 100;
// Where there is no price to hold a charge against.
constexpr core::Money kMostCharge = core::Money::picodollars(100'000'000'000'000);  // $100

// Bytes of `text` that are not white space.
std::uint64_t word_bytes(std::string_view text);

// Whether `usage` can be that of `exchange`. `answered`: an answer came, so tokens were used.
bool plausible(const Usage& usage, const Exchange& exchange, bool answered);

// Whether a gateway can have charged this: `estimate` is its usage at list prices (zero: unknown),
// `worst` the most that the request can cost.
bool plausible_charge(core::Money charged, core::Money estimate, core::Money worst, bool answered);

// What was dropped.
struct Doubts {
  bool usage = false;   // an answer without counts that can be used, and without a charge
  bool charge = false;  // a charge that cannot be
};

// Drops from `outcome` what cannot be true, and says so. Afterwards `billing` is known only where a
// count or a charge can be relied on; an answer without either may cost its worst.
Doubts hold_against(Outcome& outcome, const Exchange& exchange, const core::Price& price,
                    core::Money worst);

}  // namespace sluice::provider
