// Replies of every provider in the registry. The input is two bytes that choose provider and status,
// then header lines up to an empty line, then the body.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/registry.h"

namespace sluice::provider {
namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

// Whatever the bytes, the verdict is whole and nothing in it can harm what reads it.
void check_reply(const Reply& reply, std::string_view key) {
  const Outcome& outcome = reply.outcome;
  demand((outcome.action == Action::none) == (outcome.cause == Cause::none));
  demand((outcome.action == Action::none) == outcome.message.empty());
  demand(outcome.usage.cached_input <= outcome.usage.input);
  demand(outcome.usage.reasoning <= outcome.usage.output);
  demand(outcome.message.find(key) == std::string::npos);
  demand(outcome.message.size() <= 303);
  for (const char c : outcome.message) demand(static_cast<unsigned char>(c) >= 0x20);
  if (outcome.hints.retry_after) demand(outcome.hints.retry_after->count() >= 0);
  for (const QuotaHint& hint : outcome.hints.quota) {
    if (hint.limit) demand(*hint.limit > 0);
    if (hint.remaining) demand(*hint.remaining >= 0);
    if (hint.reset_after) demand(hint.reset_after->count() >= 0);
  }
  if (outcome.charged) demand(outcome.charged->picodollars() >= 0);
}

void fuzz_reply(std::string_view input) {
  constexpr int kStatuses[] = {200, 200, 429, 400, 402, 403, 500, 503, 529, 301, 0};
  constexpr std::string_view kKey = "zq-secret-key";
  if (input.size() < 2) return;
  EndpointSpec spec;
  static const std::vector<Provider> kProviders = codec::providers();
  spec.provider = kProviders[static_cast<std::uint8_t>(input[0]) % kProviders.size()];
  spec.base_url = "http://127.0.0.1";
  spec.model = "m";
  spec.key = core::Secret(std::string(kKey));
  const int status = kStatuses[static_cast<std::uint8_t>(input[1]) % std::size(kStatuses)];
  input.remove_prefix(2);

  std::vector<HeaderView> headers;
  while (!input.empty() && input[0] != '\n') {
    const std::string_view line = input.substr(0, input.find('\n'));
    if (const auto colon = line.find(':'); colon != line.npos) {
      headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
    }
    input.remove_prefix(std::min(input.size(), line.size() + 1));
  }
  const auto codec = codec::make_codec(spec);
  check_reply(codec->read(status, headers, input, core::ManualClock().wall_now()), kKey);
}

}  // namespace
}  // namespace sluice::provider

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::provider::fuzz_reply({reinterpret_cast<const char*>(data), size});
  return 0;
}
