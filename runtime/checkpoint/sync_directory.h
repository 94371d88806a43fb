// Makes the names in a directory durable: files made, renamed or removed in it.
#pragma once

#include <string>

#include "core/error.h"

namespace sluice::checkpoint {

// ErrorCode::io when the directory cannot be opened or synced. Any thread.
core::Status sync_directory(const std::string& directory);

}  // namespace sluice::checkpoint
