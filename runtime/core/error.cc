#include "core/error.h"

#include <fmt/format.h>

#include <exception>
#include <new>
#include <system_error>

namespace sluice::core {

std::string Error::text() const {
  std::string text = where.empty() ? message : where + ": " + message;
  if (code == ErrorCode::memory) {
    text +=
        ": let less be held at once (a lower max_concurrency, fewer or shorter rows a request), or "
        "give the program more. What was committed is safe: run again to resume";
  }
  return text;
}

Error caught() noexcept {
  try {
    try {
      throw;
    } catch (const std::bad_alloc&) {
    } catch (const std::system_error& error) {
      const bool thread = error.code() == std::errc::resource_unavailable_try_again;
      return {thread ? ErrorCode::memory : ErrorCode::internal,
              thread ? "cannot start a thread: no memory for it, or no more are allowed (ulimit -u)"
                     : std::string("internal error: ") + error.what(),
              {}};
    } catch (const std::exception& error) {
      return {ErrorCode::internal, std::string("internal error: ") + error.what(), {}};
    } catch (...) {
      return {ErrorCode::internal, "internal error", {}};
    }
  } catch (...) {  // no memory for the words
  }
  return {ErrorCode::memory, "out of memory", {}};  // short enough to stand in the string itself
}

std::unexpected<Error> fail_errno(std::string_view what, int error_number, std::string where) {
  return fail(ErrorCode::io,
              fmt::format("{}: {}", what, std::generic_category().message(error_number)),
              std::move(where));
}

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage:
      return 2;
    case ErrorCode::pipeline:
      return 3;
    case ErrorCode::io:
    case ErrorCode::busy:
    case ErrorCode::corrupt:
    case ErrorCode::memory:
    case ErrorCode::internal:
      return 5;
  }
  return 5;
}

}  // namespace sluice::core
