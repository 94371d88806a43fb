// Whether a batch of telemetry is sent again, and when, by OTLP's rules.
// https://opentelemetry.io/docs/specs/otlp/#failures-1
//
// Pure. Threads: plain functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "http/client.h"

namespace sluice::telemetry {

// How long a collector is waited for. Tests wait less.
struct Patience {
  core::Duration first_delay = std::chrono::seconds(1);  // doubled from try to try,
  core::Duration most_delay = std::chrono::seconds(16);  // up to this; less up to a half by chance
  core::Duration batch = std::chrono::seconds(60);       // of one batch, from its first try on
  core::Duration finish = std::chrono::seconds(5);       // of all that is left at the end
};

bool is_passing(int status);                // 429, 502, 503, 504
bool is_passing(http::Failure::Kind kind);  // of the network, and not of what is spoken over it

// Before the try that follows this one (from 1), `elapsed` after the first began; nullopt: no more.
// `chance`: 0…1. `retry_after`: the answer's header, seconds or a date; may be empty.
std::optional<core::Duration> delay_after(int tries, core::Duration elapsed, double chance,
                                          std::string_view retry_after, core::WallTime now,
                                          const Patience& patience);

// For a person: what an answer with this status says, and what may help. Nothing of its body, which
// may repeat what was sent.
std::string status_text(int status);

}  // namespace sluice::telemetry
