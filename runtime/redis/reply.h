// What a Redis server answers to a command, as RESP2 has it.
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::redis {

struct Reply {
  enum class Type : std::uint8_t { nil, text, status, integer, array, error };
  Type type = Type::nil;
  std::int64_t integer = 0;
  std::string text =
      {};  // of a text, a status ("OK") and an error ("WRONGTYPE Operation against …")
  std::vector<Reply> items = {};  // of an array

  bool is_nil() const { return type == Type::nil; }
  // The first word of an error, by which programs tell errors apart; empty for all else.
  std::string_view code() const {
    return type == Type::error ? std::string_view(text).substr(0, text.find(' '))
                               : std::string_view();
  }
};

// How a command ended without a reply that is of use.
struct Failure {
  enum class Kind : std::uint8_t {
    unreachable,  // no connection could be had in time
    timeout,      // the server has not answered in time
    closed,       // the connection ended before the reply, or this side has closed it
    refused,      // the server answered with an error; `message` has its words
    full,         // too many commands wait already
  };
  Kind kind = Kind::closed;
  std::string message = {};  // for people: which server, what happened, what to do. No secret
  // The server may have carried the command out. Never with `full`, nor with an error by which the server
  // says that it has done nothing.
  bool maybe_done = false;
  std::string code = {};  // of `refused`: "WRONGTYPE", "NOGROUP"
};

using Outcome = std::expected<Reply, Failure>;

}  // namespace sluice::redis
