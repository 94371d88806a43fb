// Whether a file is a checkpoint of ours, by its first bytes: before SQLite opens it, since opening
// alone may change a database that is somebody else's.
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"

namespace sluice::store {

constexpr int kApplicationId = 0x534c4331;  // "SLC1"
constexpr int kFormatVersion = 5;  // SQLite's user_version; see store/sqlite_open.cc and block.h

// ErrorCode::io when there is no such file or it cannot be read, ErrorCode::corrupt when it is not
// one of ours, cut off, or written by a newer sluice.
core::Status check_file(const std::string& path);

// What to say of a file of a newer format than kFormatVersion.
std::unexpected<core::Error> newer_format(const std::string& path, std::int64_t version);

}  // namespace sluice::store
