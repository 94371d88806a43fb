#include "checkpoint/attempts.h"

#include <algorithm>

#include "store/bytes.h"

namespace sluice::checkpoint {
namespace {

// attempt:u64 endpoint:u32 picodollars:i64 input:u64 output:u64
constexpr std::size_t kIntent = 36;
constexpr std::size_t kUncountedIntent = 20;  // without the tokens
constexpr std::size_t kSettled = 8;
constexpr std::size_t kSlack = 1024;

void put_intent(std::string& out, std::uint64_t attempt, const Attempts::Open& open) {
  store::put(out, attempt);
  store::put(out, open.endpoint);
  store::put(out, open.worst_cost.picodollars());
  store::put(out, open.worst_usage.input);
  store::put(out, open.worst_usage.output);
}

// 0 for a kind that is not known.
std::size_t record_size(store::AttemptRecords kind) {
  switch (kind) {
    case store::AttemptRecords::uncounted_intents:
      return kUncountedIntent;
    case store::AttemptRecords::settled:
      return kSettled;
    case store::AttemptRecords::intents:
      return kIntent;
  }
  return 0;
}

}  // namespace

core::Status Attempts::load(store::SqliteStore& store, std::uint64_t next) {
  next_ = std::max<std::uint64_t>(next, 1);
  return store.attempts([&](store::AttemptRecords kind, std::string_view records) -> core::Status {
    const std::size_t size = record_size(kind);
    if (size == 0 || records.size() % size != 0)
      return store::corrupt(store.path(),
                            "the checkpoint is damaged: its record of attempts is torn");
    for (const char* at = records.data(); at != records.data() + records.size(); at += size) {
      const auto attempt = store::get<std::uint64_t>(at);
      ++logged_;
      if (kind == store::AttemptRecords::settled) {
        open_.erase(attempt);
        continue;
      }
      Open& open = open_[attempt];
      open = {store::get<std::uint32_t>(at + 8),
              core::Money::picodollars(store::get<std::int64_t>(at + 12))};
      if (kind == store::AttemptRecords::intents)
        open.worst_usage = {.input = store::get<std::uint64_t>(at + 20),
                            .output = store::get<std::uint64_t>(at + 28)};
      next_ = std::max(next_, attempt + 1);
    }
    return {};
  });
}

void Attempts::intend(std::uint64_t attempt, const Open& open) {
  open_[attempt] = open;
  next_ = std::max(next_, attempt + 1);
  put_intent(intents_, attempt, open);
}

void Attempts::settle(std::uint64_t attempt) {
  if (open_.erase(attempt) != 0) store::put(settled_, attempt);
}

void Attempts::abandon() {
  open_.clear();
}

core::Status Attempts::write(store::SqliteStore& store) {
  if (!intents_.empty()) {
    if (auto status = store.put_attempts(store::AttemptRecords::intents, intents_); !status)
      return status;
    logged_ += intents_.size() / kIntent;
    intents_.clear();
  }
  if (!settled_.empty()) {
    if (auto status = store.put_attempts(store::AttemptRecords::settled, settled_); !status)
      return status;
    logged_ += settled_.size() / kSettled;
    settled_.clear();
  }
  return {};
}

core::Status Attempts::write_and_compact(store::SqliteStore& store) {
  return logged_ > 2 * open_.size() + kSlack ? rewrite(store) : write(store);
}

core::Status Attempts::rewrite(store::SqliteStore& store) {
  if (auto status = store.clear_attempts(); !status) return status;
  logged_ = 0;
  settled_.clear();
  intents_.clear();
  for (const auto& [attempt, open] : open_) put_intent(intents_, attempt, open);
  return write(store);
}

}  // namespace sluice::checkpoint
