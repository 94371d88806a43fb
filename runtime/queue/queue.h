// A queue as a run takes rows from it: what differs from service to service. What they have in common, among it when a
// message is acknowledged, is in queue_source.h; the list of services is in queues.cc.
//
// Threads: open() first, on any; then take() on as many threads as takers() says, and hold(), acknowledge() and give_back()
// on one more, at the same time; close() on any.
//
// Calls block for as long as their server takes, within a bound that the service's file says.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/reject.h"

namespace sluice::queue {

// How a call has failed. One that is `passing` is tried again, for kReconnectFor (queue_source.h) at most; another ends the run.
struct QueueFailure {
  core::Error error;
  bool passing = false;
};
template <class T>
using QueueResult = std::expected<T, QueueFailure>;

struct Message {
  std::string id = {};       // the same whenever the message is delivered
  std::string receipt = {};  // of this delivery; the queue's own, may be empty
  std::string text = {};     // the row, or what there is of it where it is not one
  std::optional<core::Reject> reject = {};
  std::uint64_t deliveries = 1;  // this one included
  std::string taken_from = {};   // the consumer that had it before; empty: not known
};

// A message that was taken and is not acknowledged, by its latest delivery.
struct Held {
  std::string id;
  std::string receipt;
  std::uint64_t deliveries = 1;
};

class Queue {
 public:
  virtual ~Queue() = default;

  virtual QueueResult<void> open() = 0;

  // Messages for this consumer: at most `most`, none when there were none for `longest`, or less. They are withheld from other
  // consumers until they are acknowledged or given back, as long as hold() is called in time. May bring a message that
  // is held, with a receipt that takes the place of the older one.
  virtual QueueResult<std::vector<Message>> take(std::size_t most, core::Duration longest) = 0;
  // Whether a message is still withheld for this consumer, so that it is of use to begin with its row. Any thread, at once.
  virtual bool has(const Held& /*held*/) const { return true; }
  virtual std::size_t most_at_once() const { return 128; }
  virtual std::size_t takers() const { return 1; }

  // Of all messages that are held, each hold_every(). That some could not be held is not a failure: they come again.
  virtual QueueResult<void> hold(std::span<const Held> held) = 0;
  virtual core::Duration hold_every() const = 0;

  // They do not come again. The ids of those that are still to be acknowledged, for a reason that may pass.
  virtual QueueResult<std::vector<std::string>> acknowledge(std::span<const Held> held) = 0;

  // They can be delivered again at once, to any consumer; then this consumer says that it has gone. Once, at the end.
  virtual QueueResult<void> give_back(std::span<const Held> held) = 0;

  // Ends what is under way, and what is begun later, with a failure.
  virtual void close() = 0;
};

}  // namespace sluice::queue
