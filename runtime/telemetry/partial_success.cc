#include "telemetry/partial_success.h"

#include <simdjson.h>

#include <charconv>

#include "core/json.h"

namespace sluice::telemetry {

std::uint64_t rejected_items(std::string_view reply) {
  simdjson::dom::parser parser;
  const auto document =
      core::not_starved(parser.parse(simdjson::padded_string(reply.data(), reply.size())));
  for (const std::string_view name : {"rejectedSpans", "rejectedDataPoints"}) {
    const auto rejected = document["partialSuccess"][name];
    // 64-bit integers are strings, and may be numbers.
    if (std::uint64_t number = 0; rejected.get(number) == simdjson::SUCCESS) return number;
    std::string_view digits;
    if (rejected.get(digits) != simdjson::SUCCESS) continue;
    std::uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
  }
  return 0;
}

}  // namespace sluice::telemetry
