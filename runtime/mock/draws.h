// What the draws of one request are for: each has its own, so that one option changes nothing that
// another decides.
#pragma once

#include <cstdint>

namespace sluice::mock {

enum Purpose : std::uint64_t {
  kFaultDraw,
  kPackFaultDraw,
  kRowDraw,
  kCutDraw,
  kLatencyDraw,
  kLatencyAngleDraw,
  kIdDraw,
  kOutputDraw,
  kOutputAngleDraw,
  kTierDraw,
  kChunksDraw,
  // Of a batch, and of its lines:
  kBatchRegimeDraw,
  kBatchTimeDraw,
  kBatchAngleDraw,
  kBatchTailDraw,
  kBatchReachDraw,
  kBatchStuckDraw,
  kBatchExpireDraw,
  kBatchCancelDraw,
  kBatchEmptyDraw,
  kBatchAllFailDraw,
  kBatchCountsDraw,
  kBatchShuffleDraw,
  kBatchBodyDraw,
  kBatchQueueDraw,
  kBatchLoseDraw,
  kBatchCallDraw,
  kBatchDoneDraw,
  kBatchLineDraw,
  kBatchLineErrorDraw,
  kBatchOrderDraw,
  kBatchCutDraw,
};

}  // namespace sluice::mock
