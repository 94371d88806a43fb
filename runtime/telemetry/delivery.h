// Brings the batches of one signal to their collector, one at a time, each tried again for a while.
//
//            send()                      answered (finish)
//     idle ─────────▶ under way ───────────────────────────▶ idle
//                      │     ▲
//     failed (again)   ▼     │ timer (attempt)
//                     waiting ──────── no more time (finish), or abandon() ──▶ idle, its items counted as dropped
//
// Threads: the loop's, but for dropped(): any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "http/client.h"
#include "net/loop.h"
#include "telemetry/retry.h"
#include "telemetry/settings.h"

namespace sluice::telemetry {

class Delivery {
 public:
  struct Setup {
    net::Loop& loop;
    http::Client& client;
    std::size_t origin = 0;  // at the client
    const Target& target;    // outlives it, like all of these
    std::string user_agent;
    const Patience& patience;
    const core::Clock& clock;
    // A batch has ended: another may be sent. Never inside send().
    std::function<void()> ended;
    std::function<void(std::string why)> failing;       // a try failed, for a person
    std::function<void()> delivered;                    // a batch has come to the collector
    std::function<void(std::uint64_t items)> rejected;  // by it, of a batch that it took
  };

  explicit Delivery(Setup setup);

  bool busy() const { return body_ != nullptr; }
  // Not while busy.
  void send(std::string body, std::uint64_t items);
  // The end is near: a collector that cannot be reached is not tried again, one that has asked to
  // wait is.
  void hurry();
  void abandon();
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  void drop(std::uint64_t items) { dropped_.fetch_add(items, std::memory_order_relaxed); }

 private:
  void attempt();
  void answered(const http::Response& response);
  void failed(const http::Failure& failure);
  void again(const std::string& why, std::string_view retry_after, bool passing);
  void finish();

  Setup setup_;
  std::shared_ptr<const std::string> headers_;
  std::shared_ptr<const std::string> body_;  // of the batch; null: none
  std::uint64_t items_ = 0;
  int tries_ = 0;
  core::Time began_;
  bool waiting_ = false;      // for the timer
  bool unreachable_ = false;  // at the last try
  bool hurries_ = false;
  std::unique_ptr<net::Loop::Timer> timer_;
  std::optional<http::RequestHandle> handle_;
  std::minstd_rand random_;
  std::atomic<std::uint64_t> dropped_ = 0;
};

}  // namespace sluice::telemetry
