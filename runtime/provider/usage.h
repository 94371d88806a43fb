// Token counts as replies give them. For the codecs' own .cc files.
//
// Known is what can be read: under the names of either dialect, as whole numbers that are not
// negative (12, 12.0 and "12"). One count that is there and cannot be read makes all of them
// unknown, because money rests on their sum; a detail that cannot be read (what came from the
// cache or went into it, what was spent on thinking) is left out where it is part of another count.
#pragma once

#include <optional>

#include "provider/profile.h"
#include "provider/wire_json.h"

namespace sluice::provider {

// Whether a reply has output to count; one that embeds texts has none.
enum class Counts : std::uint8_t { input_and_output, input_alone };

// nullopt: not known. Zeros are zeros; exchange.h says whether they can be believed.
std::optional<Usage> read_usage(const Element& usage, UsageConvention convention,
                                Counts counted = Counts::input_and_output);

}  // namespace sluice::provider
