#include "store/batch_record.h"

#include <array>

#include "store/bytes.h"

namespace sluice::store {
namespace {

constexpr std::array<std::string_view, 6> kPhases = {"intended", "uploaded",  "created",
                                                     "ended",    "collected", "dropped"};

constexpr std::uint8_t kCancelled = 1;
constexpr std::uint8_t kNoRoom = 2;
constexpr std::uint8_t kInferred = 4;

// In the order of the record.
constexpr std::array kTexts = {&BatchRecord::nonce,   &BatchRecord::input, &BatchRecord::id,
                               &BatchRecord::results, &BatchRecord::word,  &BatchRecord::note};
constexpr std::array kCounts = {&BatchRecord::lines, &BatchRecord::rows, &BatchRecord::done,
                                &BatchRecord::failed};
constexpr std::array kTimes = {&BatchRecord::intended_at, &BatchRecord::created_at,
                               &BatchRecord::ended_at};

template <class Int>
bool take(std::string_view& bytes, Int& value) {
  if (bytes.size() < sizeof value) return false;
  value = get<Int>(bytes.data());
  bytes.remove_prefix(sizeof value);
  return true;
}

bool take(std::string_view& bytes, std::string& text) {
  std::uint32_t size = 0;
  if (!take(bytes, size) || bytes.size() < size) return false;
  text = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return true;
}

bool take(std::string_view& bytes, core::Money& money) {
  std::int64_t picodollars = 0;
  if (!take(bytes, picodollars)) return false;
  money = core::Money::picodollars(picodollars);
  return true;
}

}  // namespace

std::string_view phase_name(BatchPhase phase) {
  return kPhases[static_cast<std::size_t>(phase)];
}

std::string encode(const BatchRecord& batch, std::uint32_t endpoint) {
  std::string out;
  put(out, endpoint);
  put(out, static_cast<std::uint8_t>(batch.phase));
  put(out,
      static_cast<std::uint8_t>((batch.cancelled ? kCancelled : 0) | (batch.no_room ? kNoRoom : 0) |
                                (batch.inferred ? kInferred : 0)));
  for (const auto text : kTexts) {
    put(out, static_cast<std::uint32_t>((batch.*text).size()));
    out += batch.*text;
  }
  for (const auto count : kCounts) put(out, batch.*count);
  put(out, batch.bytes);
  put(out, batch.worst_cost.picodollars());
  put(out, batch.worst_usage.input);
  put(out, batch.worst_usage.output);
  put(out, batch.cost.picodollars());
  for (const auto time : kTimes) put(out, batch.*time);
  return out;
}

std::optional<BatchRecord> decode_batch(std::string_view bytes) {
  BatchRecord batch;
  std::uint8_t phase = 0;
  std::uint8_t flags = 0;
  bool whole = take(bytes, batch.endpoint) && take(bytes, phase) && take(bytes, flags);
  for (const auto text : kTexts) whole = whole && take(bytes, batch.*text);
  for (const auto count : kCounts) whole = whole && take(bytes, batch.*count);
  whole = whole && take(bytes, batch.bytes) && take(bytes, batch.worst_cost) &&
          take(bytes, batch.worst_usage.input) && take(bytes, batch.worst_usage.output) &&
          take(bytes, batch.cost);
  for (const auto time : kTimes) whole = whole && take(bytes, batch.*time);
  if (!whole || !bytes.empty() || phase >= kPhases.size()) return std::nullopt;
  batch.phase = static_cast<BatchPhase>(phase);
  batch.cancelled = (flags & kCancelled) != 0;
  batch.no_room = (flags & kNoRoom) != 0;
  batch.inferred = (flags & kInferred) != 0;
  return batch;
}

}  // namespace sluice::store
