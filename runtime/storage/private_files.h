// Who may read a checkpoint. It holds prompts, answers and keys of rows, so a folder that a run
// makes is its user's alone (0700), whatever the umask. Whoever wants others to read it makes the
// folder first, or changes its mode: files made in it (0600) get the folder's rights to read and
// write.
//
// Threads: any.
#pragma once

#include <sys/types.h>

#include <string>

#include "core/error.h"

namespace sluice::storage {

// With its parents, which are made as any folder is. One that is there keeps its mode.
core::Status make_private_folder(const std::string& directory);
// For a file that is to be made in `directory`.
mode_t file_mode(const std::string& directory);
// An empty file of that mode, where there is none; for those that others open by name.
void make_private_file(const std::string& directory, const std::string& path);

}  // namespace sluice::storage
