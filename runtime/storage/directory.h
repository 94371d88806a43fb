// Folders and names that outlive a power cut. A file that was made, renamed or removed is so on the
// disk only once the folder that holds its name was synced, and that folder only once its own name
// was, up to one that has long been there.
//
// Threads: any.
#pragma once

#include <string>

#include "core/error.h"

namespace sluice::storage {

// Makes the names in `directory` durable. ErrorCode::io when it cannot be opened or synced.
core::Status sync_directory(const std::string& directory);

// Makes `path` reachable after a power cut: syncs its folder and all those that lead to it, as the
// path spells them: up to "/", or to the working directory. It does not matter who made them, since
// a run that made one may have been killed before it could sync. A folder that may not be read, or
// whose file system knows no such sync, is passed over.
core::Status sync_name(const std::string& path);

// Makes `directory`, and what leads to it, where it is missing; durably. Nothing to do for "".
core::Status make_directory(const std::string& directory);

}  // namespace sluice::storage
