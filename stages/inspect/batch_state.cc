#include "inspect/batch_state.h"

#include <algorithm>

namespace sluice::inspect {

std::string batch_state(const store::BatchRecord& batch) {
  std::string text(store::phase_name(batch.phase));
  if (batch.phase == store::BatchPhase::created && !batch.word.empty()) text = batch.word;
  if (batch.cancelled && batch.open()) text += ", cancelled";
  return text;
}

std::chrono::seconds batch_age(const store::BatchRecord& batch, core::WallTime now) {
  const std::int64_t from = batch.created_at != 0 ? batch.created_at : batch.intended_at;
  const std::int64_t to =
      batch.ended_at != 0
          ? batch.ended_at
          : std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  return std::chrono::seconds(std::max<std::int64_t>(0, to - from));
}

}  // namespace sluice::inspect
