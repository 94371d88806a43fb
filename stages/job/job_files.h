// Which files a job reads and writes, and that they stay apart: nothing that it writes may be read
// as its input, in this run or the next, and no two of its files may be one. By what the names lead
// to (links, other spellings, patterns), not by how they are written.
//
// Threads: any. Looks at the file system; changes nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "stages/spec.h"
#include "storage/file_lock.h"

namespace sluice::job {

// ErrorCode::pipeline, with what to do, where two of them are one, or a pattern of the input fits a
// file that the job writes or will write. Also of files that are not there yet.
core::Status keep_apart(const stages::JobSpec& job);

// ErrorCode::usage where an export to `path` would replace one of the job's files, or be read as
// its input from then on. `what` is written there, for people.
core::Status keep_export_apart(const stages::JobSpec& job, const std::string& path,
                               std::string_view what = "the export");

// The files that the question writes, of those that are there: what it must not open as input.
std::vector<storage::FileId> written_files(const stages::PipelineSpec& question);

}  // namespace sluice::job
