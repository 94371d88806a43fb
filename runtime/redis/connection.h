// A connection to a Redis server that lasts: it is opened for the first command, and again for the next one after it was
// lost. Commands are sent as they come, many on their way at once, and answered in the same order.
//
//            command()            on_connected()          greeted()
//     idle ────────────▶ connecting ───────────▶ greeting ─────────▶ ready
//      ▲                     │                      │                  │
//      └──── back-off ───────┴──────── lost() ◀─────┴──────────────────┘
//
// The greeting is AUTH, SELECT and CLIENT SETNAME. Back-off: 0.1 s, doubled up to 5 s, each less by a random part of up
// to a half; while it lasts, commands wait.
//
// Threads: the loop's.
//
// Invariants:
//   1. Every command ends in exactly one call of `done`, never inside command(); at the latest when its time is
//      over, or in close().
//   2. A command that is not `idempotent` is written at most once, but for answers by which the server says that it
//      has not carried it out (NOSCRIPT, LOADING, READONLY, …).
//   3. Queued and sent commands together are at most Settings::most_commands and most_bytes; beyond, a command ends with `full`.
//   4. No message holds the password, nor words of a command.
//
// A server that has not answered a command in its time is taken to be dead: replies come in order, so the connection is
// closed. A command that blocks (XREADGROUP BLOCK) so needs a connection of its own, and a longer time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "net/loop.h"
#include "redis/command.h"
#include "redis/reply.h"
#include "redis/url.h"

namespace sluice::redis {

struct Settings {
  Url url = {};
  std::string name = {};     // that the server lists the connection by; empty: none. No spaces
  std::string ca_file = {};  // PEM, for rediss://; empty: what the system trusts
  core::Duration connect_timeout = std::chrono::seconds(5);
  core::Duration command_timeout = std::chrono::seconds(5);
  core::Duration first_back_off = std::chrono::milliseconds(100);
  core::Duration longest_back_off = std::chrono::seconds(5);
  std::size_t most_commands = 16 * 1024;
  std::size_t most_bytes = std::size_t{64} << 20;  // one command may have more when no other waits
};

class Connection {
 public:
  using Done = std::function<void(Outcome)>;

  // ErrorCode::io when `ca_file` cannot be read. Connects to nothing yet.
  static core::Result<std::unique_ptr<Connection>> make(net::Loop& loop, Settings settings);
  ~Connection();  // close()
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void command(Command command, Done done);
  // Ends all commands with `closed`, also those to come. May be called in any `done`.
  void close();

  struct Counts {
    std::uint64_t connections = 0;      // that came to be ready
    std::uint64_t sent = 0;             // commands, those sent again included, without greetings
    std::uint64_t failed_attempts = 0;  // to connect
  };
  Counts counts() const;

 private:
  class Impl;
  explicit Connection(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace sluice::redis
