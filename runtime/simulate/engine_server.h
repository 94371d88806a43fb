// A server that runs a model itself, request by request: continuous batching by the numbers of an Engine. Every request
// that runs slows all others down; what has no room waits in order; prompts that share their beginning may share it in the
// server's memory.
//
// The caller asks when something happens next, and calls advance() then. In a closed loop of equal requests
// it is as fast as predict() says (engine.h).
//
//   arrive() ─▶ queued ──room──▶ beginning ──its TTFT of work──▶ writing ──its last token──▶ ended
//
// Invariants:
//   1. Queued requests begin in the order of their arrival. One alone always has room.
//   2. Those that write advance by the same number of tokens in the same time.
//   3. What happens does not depend on how often advance() is called.
//
// Threads: one. Time must not run backwards. Bound: the caller's; a call takes time in proportion to the requests.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/clock.h"
#include "simulate/engine.h"

namespace sluice::simulate {

struct EngineEvent {
  enum class Kind : std::uint8_t { first_token, ended };
  Kind kind = Kind::ended;
  std::uint64_t id = 0;
  core::Time at{};
};

class EngineServer {
 public:
  explicit EngineServer(const Engine& engine) : engine_(engine) {}

  // After advance(now). `id`: not one that is there already. `shape.cached_tokens` are in the memory for all who share them.
  void arrive(core::Time now, std::uint64_t id, const EngineShape& shape);
  // When the next event is; nullopt: there is no request.
  std::optional<core::Time> next() const;
  // All events up to `now`, in their order.
  std::vector<EngineEvent> advance(core::Time now);

  std::size_t running() const { return running_.size(); }
  std::size_t queued() const { return queue_.size(); }

 private:
  struct Job {
    std::uint64_t id = 0;
    EngineShape shape;
    double left = 1;  // of the beginning, as a share; then of the tokens
    bool writing = false;
  };
  struct Speeds {
    double tpot_ms = 0;
    double wait_ms = 0;  // until the next event
  };

  double ttft_ms(const Job& job, double tpot_ms) const;
  Speeds speeds() const;
  void pass(double ms, const Speeds& speeds);
  bool fits(const EngineShape& shape) const;
  void admit();
  void add_load(const EngineShape& shape, double sign);

  const Engine engine_;
  std::vector<Job> running_;
  std::deque<Job> queue_;
  double held_tokens_ = 0;  // of those that run, as the wall counts them
  double step_ms_ = 0;      // what they add to a step together
  core::Time now_{};
};

}  // namespace sluice::simulate
