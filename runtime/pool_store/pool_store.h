// Where the state of a pool lies that several processes share (fleet/pool.h): one text under a name, which is read, changed
// and written back only if nobody else has written meanwhile. The arithmetic is not the store's: so an engine is a few lines,
// and what is tested against a model is what runs.
//
// Threads: the loop's.
//
// Invariants:
//   1. `done` is called once for each update(), never within it.
//   2. A text is written only over the one that `change` was given.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/secret.h"
#include "net/loop.h"

namespace sluice::pool_store {

// What the store's clock says.
using StoreTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

class PoolStore {
 public:
  // The text that takes the place of `text` (empty: there is none yet). May be called several times for one update; what
  // it returned last is what was written. An error ends the update with it, and nothing is written.
  using Change = std::function<core::Result<std::string>(std::string_view text, StoreTime now)>;
  using Done = std::function<void(core::Status)>;

  virtual ~PoolStore() = default;  // every update that is under way ends with an error
  // ErrorCode::io where the store is not reached, refuses, or others are faster kMostTries times. The text holds no NUL.
  static constexpr int kMostTries = 20;
  virtual void update(const std::string& name, Change change, Done done) = 0;
};

// By the address: redis://, rediss://, unix:, and postgres:// or postgresql://. ErrorCode::pipeline for one that cannot be used; what
// is shown of it holds no password.
core::Result<std::unique_ptr<PoolStore>> open_pool_store(net::Loop& loop,
                                                         const core::Secret& address);
// Whether it is one of these, as far as can be told without asking anybody; shows nothing of it.
core::Status check_address(const core::Secret& address);

}  // namespace sluice::pool_store
