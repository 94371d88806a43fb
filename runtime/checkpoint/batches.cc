#include "checkpoint/batches.h"

#include <algorithm>
#include <utility>

namespace sluice::checkpoint {

core::Status Batches::load(store::SqliteStore& store) {
  auto stored = store.batches();
  if (!stored) return std::unexpected(stored.error());
  for (store::BatchRecord& batch : *stored) lines_.push_back({std::move(batch), false});
  return {};
}

void Batches::put(const store::BatchRecord& batch, std::uint32_t number) {
  auto line = std::ranges::find_if(
      lines_, [&](const Line& known) { return known.batch.nonce == batch.nonce; });
  if (line == lines_.end()) line = lines_.insert(lines_.end(), Line{});
  *line = {batch, true};
  line->batch.endpoint = number;
}

core::Status Batches::write(store::SqliteStore& store) {
  for (Line& line : lines_) {
    if (!line.changed) continue;
    if (auto status = store.put_batch(line.batch); !status) return status;
    line.changed = false;
  }
  return {};
}

std::vector<store::BatchRecord> Batches::all(const Ledger& ledger) const {
  std::vector<store::BatchRecord> all;
  all.reserve(lines_.size());
  for (const Line& line : lines_) {
    all.push_back(line.batch);
    all.back().endpoint = ledger.place(line.batch.endpoint);
  }
  return all;
}

core::Money Batches::reserved() const {
  core::Money sum;
  for (const Line& line : lines_)
    if (line.batch.open()) sum += line.batch.worst_cost;
  return sum;
}

void Batches::add_parked(const Ledger& ledger,
                         std::vector<store::EndpointLedger>& endpoints) const {
  for (const Line& line : lines_) {
    if (!line.batch.open()) continue;
    store::EndpointLedger& at = endpoints[ledger.place(line.batch.endpoint)];
    at.parked += line.batch.lines;
    at.parked_cost += line.batch.worst_cost;
  }
}

}  // namespace sluice::checkpoint
