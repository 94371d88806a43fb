// What response headers say about quotas and waits, in our own terms: which Quota, per which
// window. The same header name means different windows at different services (docs/providers.md, Rate headers).
// Plain function, any thread.
#pragma once

#include <vector>

#include "core/clock.h"
#include "provider/codec.h"
#include "provider/outcome.h"
#include "provider/profile.h"

namespace sluice::provider {

// Values that services are known to send for "don't know" (-1, a limit or reset of 0) are left out.
// An instant that is already past is a wait of zero.
RateHints read_rate_hints(const Profile& profile, int status,
                          const std::vector<HeaderView>& headers, core::WallTime wall_now);

}  // namespace sluice::provider
