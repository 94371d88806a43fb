// A batch: a file of requests that is handed to a provider's batch API, and its way to the replies.
// Plain values, and how one stands in the checkpoint's file and in its write-ahead log.
//
//   intended ─▶ uploaded ─▶ created ─▶ ended ─▶ collected
//       └───────────┴──────────┴─────────┴────▶ dropped: it gave nothing, and never will
//
// Invariants:
//   1. It is `intended`, durably, before a byte of it is sent.
//   2. Its worst cost is reserved until it is collected or dropped. Then it becomes, in one
//      transaction, the settlements of its lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/money.h"
#include "provider/outcome.h"

namespace sluice::store {

enum class BatchPhase : std::uint8_t { intended, uploaded, created, ended, collected, dropped };

// "intended", "uploaded", …
std::string_view phase_name(BatchPhase phase);

struct BatchRecord {
  std::string nonce = {};      // our name of it, at the provider too: letters and digits
  std::uint32_t endpoint = 0;  // as Settlement::endpoint
  BatchPhase phase = BatchPhase::intended;
  std::string input = {};    // the provider's name of the uploaded file; empty: none
  std::string id = {};       // the provider's name of the batch; empty before `created`
  std::string results = {};  // where the results are, for its batch API alone to read
  std::string word = {};     // the provider's own word for its state, for people
  std::string note = {};     // what is wrong with it, for people; empty: nothing
  std::uint32_t lines = 0;
  std::uint32_t rows = 0;
  std::uint64_t bytes = 0;           // of the upload
  std::uint32_t done = 0;            // lines, as the provider counts; of a collected one, answered
  std::uint32_t failed = 0;          // lines, likewise
  core::Money worst_cost = {};       // of all lines
  provider::Usage worst_usage = {};  // input and output at most
  core::Money cost = {};             // of a collected one
  std::int64_t intended_at = 0;      // seconds since 1970; 0: not yet
  std::int64_t created_at = 0;
  std::int64_t ended_at = 0;
  bool cancelled = false;  // by us
  bool inferred = false;   // `id` was found by time and size alone, so it may be another's
  bool no_room = false;    // dropped, since the provider's queue takes no batch of so many lines

  // Its lines are out, or may be.
  bool open() const { return phase < BatchPhase::collected; }
};

// `endpoint` is written in the place of the record's.
std::string encode(const BatchRecord& batch, std::uint32_t endpoint);
std::optional<BatchRecord> decode_batch(std::string_view bytes);

}  // namespace sluice::store
