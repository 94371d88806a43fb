// What went wrong with a *run*. An Error ends the run (or the command) and is shown to a person, so
// `message` says what happened and what to do next. What is wrong with a single *row* is a Reject
// (core/reject.h), a value that flows on; the two are never mixed.
//
// Threads: plain values. No secret may ever stand in an Error.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::core {

enum class ErrorCode : std::uint8_t {
  usage,     // the command line is wrong                                  exit 2
  pipeline,  // the pipeline file does not check                           exit 3
  io,        // a file, socket, disk or library call failed                exit 5
  busy,      // another process holds the job                              exit 5
  corrupt,   // a file is not what it should be: foreign, damaged, newer   exit 5
  memory,    // an allocation was refused                                  exit 5
  internal,  // a defect in sluice                                         exit 5
};

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  std::string where;  // file, "file:line:column" or URL; may be empty

  // "where: message", or the message alone. ErrorCode::memory says in addition what helps.
  std::string text() const;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message, std::string where = {}) {
  return std::unexpected(Error{code, std::move(message), std::move(where)});
}

// ErrorCode::io with the operating system's words for `error_number` (an errno value) appended.
std::unexpected<Error> fail_errno(std::string_view what, int error_number, std::string where = {});

// Of the exception that is being handled: in a catch block, at a boundary that it must not cross.
// Takes no memory where there is none.
Error caught() noexcept;

// The process exit status that an Error stands for (docs/reference.md, The command).
int exit_code(ErrorCode code);

}  // namespace sluice::core
