// A mistake in an argument of the command line, shown where it stands:
//
//   --answer: 'txt' is not a type
//       queue=billing|bug, note=txt
//                               ^^^ did you mean 'text'?
//
// Threads: any; a pure function.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/error.h"

namespace sluice::ask {

// `at`, `length`: bytes of `argument`. ErrorCode::usage.
std::unexpected<core::Error> argument_error(std::string_view option, std::string_view argument,
                                            std::size_t at, std::size_t length,
                                            std::string_view what, std::string_view hint);

}  // namespace sluice::ask
