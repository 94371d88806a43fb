// What a collector says that it did not take of a batch which it answers with 200.
// https://opentelemetry.io/docs/specs/otlp/#partial-success-1
//
// Threads: plain function, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::telemetry {

// rejectedSpans or rejectedDataPoints; 0 where the reply names none or cannot be read.
std::uint64_t rejected_items(std::string_view reply);

}  // namespace sluice::telemetry
