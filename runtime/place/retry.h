// Whether a request to an object store is sent again, and when. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "core/clock.h"
#include "http/client.h"
#include "place/settings.h"

namespace sluice::place {

// Worth another try later: too many requests (429, 503 SlowDown), a server's own fault (500, 502, 504), a time-out (408,
// 400 RequestTimeout). `code`: the error's in the answer, as "SlowDown"; may be empty.
bool is_passing(int status, std::string_view code);
// All but what will be the same next time (a name that TLS does not vouch for, an answer that is too long).
bool is_passing(http::Failure::Kind kind);

// Before the try that follows this one (from 1); nullopt when there is none. `chance`: 0…1. `retry_after`: the answer's
// header in whole seconds, or empty.
std::optional<core::Duration> delay_after(int tries, const Patience& patience, double chance,
                                          std::string_view retry_after = {});

}  // namespace sluice::place
