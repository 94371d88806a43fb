// What dispatch needs of the outside: something that carries the attempts that the scheduler has
// decided and whose intents are durable, and tells what became of each. online_sender.h is one;
// tests have another, which makes up outcomes.
//
// Threads: the I/O thread; before it runs and after it has ended, the thread that owns it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "core/clock.h"
#include "core/error.h"
#include "dispatch/endpoint.h"
#include "net/loop.h"
#include "provider/codec.h"
#include "schedule/scheduler.h"
#include "stages/item.h"

namespace sluice::dispatch {

class Sender {
 public:
  class Events {
   public:
    // Exactly once for each send(), never from within send() or cancel(). `reply_bytes`: of the
    // reply's body, 0 where none came.
    virtual void finished(const schedule::Send& attempt, provider::Reply&& reply,
                          std::uint64_t reply_bytes) = 0;

   protected:
    ~Events() = default;
  };

  virtual ~Sender() = default;
  virtual void send(const schedule::Send& attempt, const stages::Request& request) = 0;
  // The attempt's answer is not wanted any more: it finishes soon, as Cause::cancelled or, where
  // that came first, with its answer. No effect on one that has finished or was not sent.
  virtual void cancel(schedule::AttemptId attempt) = 0;
  // Each attempt that has not finished does so before this returns, as Cause::cancelled. Nothing is
  // sent after it.
  virtual void stop() = 0;
};

struct SenderSetup {
  net::Loop& loop;
  // By schedule::EndpointId; they outlive the sender.
  std::span<const provider::EndpointSpec> specs;
  std::span<const Endpoint> endpoints;
  bool cancels = false;  // cancel() may be called
  const core::Clock& clock;
  Sender::Events& events;
};
// ErrorCode::pipeline when an endpoint's URL, CA file or proxy cannot be used.
using MakeSender = std::function<core::Result<std::unique_ptr<Sender>>(const SenderSetup&)>;

}  // namespace sluice::dispatch
