#include "core/error.h"

#include <fmt/format.h>

#include <system_error>

namespace sluice::core {

std::string Error::text() const {
  return where.empty() ? message : where + ": " + message;
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
    case ErrorCode::internal:
      return 5;
  }
  return 5;
}

}  // namespace sluice::core
