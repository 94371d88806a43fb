// What stores keep of a fleet: any bytes read or are an error, what reads is written again as the same text, and a call on top of
// it ends well and leaves a state that reads.
//
// Input: the lines of a state without the checksum, which is added so that the search gets past it. The input as it is, too.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/hash.h"
#include "fleet/blob.h"

namespace {

using namespace sluice;

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr fleet::StoreTime kNow{fleet::Ms(1'700'000'000'000)};

void try_pool(std::string_view text) {
  auto state = fleet::decode_pool("p", text);
  if (!state) return;
  require(fleet::encode(*state) == text);
  fleet::Call call;
  call.member = "me";
  call.number = 1;
  for (const fleet::Limit& limit : state->limits)
    call.claims.push_back({.name = limit.name, .kind = limit.kind, .wants = 5, .need = 1});
  const fleet::Answer answer = exchange(*state, call, kNow);
  require(answer.granted.size() == call.claims.size());
  require(fleet::decode_pool("p", fleet::encode(*state)).has_value());
}

void try_budget(std::string_view text) {
  auto state = fleet::decode_budget("p", text);
  if (!state) return;
  require(fleet::encode(*state) == text);
  const fleet::BudgetCall call{.member = "me", .number = 1, .worst = 5, .wants = 50, .total = 1000};
  exchange(*state, call, kNow);
  require(fleet::decode_budget("p", fleet::encode(*state)).has_value());
}

void try_both(std::string_view text) {
  try_pool(text);
  try_budget(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  try_both(input);
  for (const std::string_view head : {"sluice-pool 1 p ", "sluice-budget 1 p "}) {
    const std::string body = std::string(head).append(input) + "\n";
    try_both(body + "end " + core::hash128(body).hex() + "\n");
  }
  return 0;
}
