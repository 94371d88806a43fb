// The results of a batch: taken apart, and what each line has cost.
//
// Threads: the batches'.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/price.h"
#include "parked/batch_files.h"
#include "provider/batch_api.h"
#include "provider/codec.h"
#include "store/records.h"

namespace sluice::parked {

struct Collecting {
  const provider::BatchApi& api;
  const provider::Codec& codec;
  const core::Price& price;
  const store::BatchRecord& batch;
  core::WallTime now;
  bool never_ended = false;  // Machine::never_ended()
};

struct Collected {
  std::vector<Place> places;                   // by line
  std::vector<store::Settlement> settlements;  // of every line
  std::uint32_t answered = 0;
  core::Money cost;           // what is known, and what may have been billed
  std::uint64_t foreign = 0;  // lines of results that are of no line of this batch
  std::uint64_t doubled = 0;
};

// Reads the file of results. Of several results of one line the first reply counts. A line without
// one was not run, and costs nothing; but so many as the provider counts beyond the replies that came
// may have been billed, and all of a batch that never ended.
core::Result<Collected> collect(const Collecting& of, const std::string& replies);

// "NONCE-17": 17; -1 where it is no line of this batch.
std::int64_t line_of(std::string_view custom_id, const store::BatchRecord& batch);

// The reply in a line of results as the model's codec reads it, billed at the batch's price.
provider::Reply read_reply(const provider::Codec& codec, const provider::BatchLine& line,
                           core::WallTime now);

}  // namespace sluice::parked
