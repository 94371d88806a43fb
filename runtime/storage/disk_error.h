// What to say when one of the checkpoint's files cannot be written or read.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace sluice::storage {

// ErrorCode::io. `what`: "write", "sync"; `error`: errno; `where`: the file or its directory.
std::unexpected<core::Error> disk_failed(std::string_view what, int error,
                                         const std::string& where);

}  // namespace sluice::storage
