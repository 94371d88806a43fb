// A page as a file: whole or not at all, and in the place of nothing but an earlier page.
//
// Threads: any; a plain function. It may wait for the disk.
#pragma once

#include <string>

#include "core/error.h"
#include "inspect/page.h"

namespace sluice::inspect {

// ErrorCode::usage when something else than a page of sluice is at `to`: it stays as it is.
core::Status write_page(const Page& page, const std::string& to);

}  // namespace sluice::inspect
