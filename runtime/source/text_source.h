// A file's bytes (storage/input_file.h) cut into records by a format that takes them as they come
// (format/record_reader.h).
//
// Threads: as format::RecordSource.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "format/format_options.h"
#include "format/record_source.h"
#include "storage/file_lock.h"

namespace sluice::place {
class Places;
}

namespace sluice::source {

// `places`: where it is, unless it is on this machine. `written`: as InputFile::open()'s.
core::Result<std::unique_ptr<format::RecordSource>> open_text(
    const std::string& path, const format::FormatOptions& format,
    std::shared_ptr<place::Places> places, std::span<const storage::FileId> written);

}  // namespace sluice::source
