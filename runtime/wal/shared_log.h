// A second place for the records of a write-ahead log, which other machines reach: what stands there outlives
// this one. A run that has one keeps its promises by it: an intent is durable, and a result has ended, once
// both logs have it.
//
// Threads: append() on one at a time, the write-ahead log's; commit() on any, several at once.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/error.h"

namespace sluice::wal {

// Which endpoint is meant by a number in the records.
using EndpointNames = std::map<std::uint32_t, std::string>;

class SharedLog {
 public:
  virtual ~SharedLog() = default;
  // Before the first record, and again whenever the checkpoint is opened; numbers keep their names.
  virtual void name_endpoints(EndpointNames names) = 0;
  // A sealed record (record.h), in their order. Keeps a copy and does not wait.
  virtual void append(std::string_view record) = 0;
  // When it returns, all that was appended before the call stands there. May take as long as the
  // place is away; an error is final.
  virtual core::Status commit() = 0;
};

}  // namespace sluice::wal
