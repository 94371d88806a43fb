// A connection for threads that may wait: a loop and a thread of its own behind it.
//
// Threads: any, several at once.
//
// Invariants:
//   1. Each call returns when its command has ended, at the latest when its time is over or in close().
//   2. What Connection promises of a command (redis/connection.h) holds here.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "redis/connection.h"

namespace sluice::redis {

class Caller {
 public:
  static core::Result<std::unique_ptr<Caller>> make(Settings settings);
  ~Caller();  // close()
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  Outcome command(Command command);
  // One after the other on the connection, all at once on their way; outcomes in the same order.
  std::vector<Outcome> commands(std::vector<Command> commands);
  // Does not wait: `done` is called on the loop's thread.
  void start(Command command, Connection::Done done);
  // All calls under way, and those to come, end with `closed`.
  void close();

 private:
  class Impl;
  explicit Caller(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// For a person: the message of a command that has failed.
core::Error error_of(const Failure& failure);

}  // namespace sluice::redis
