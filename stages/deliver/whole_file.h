// A sink that is a file written whole, in any format, at the end of each run that changed it: it is there
// as the last run left it, or not yet, never in between.
//
// Threads: one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "deliver/record.h"
#include "format/column.h"
#include "place/places.h"
#include "stages/spec.h"

namespace sluice::deliver {

struct WholeFile {
  std::string path;
  std::shared_ptr<place::Places> places;
  std::string to;                      // as the pipeline file has it
  std::vector<std::string> columns;    // to write; none: all that the lines have
  std::vector<format::Column> answer;  // whose types are declared
};

// The tag of what stands there, nullopt where nothing does. ErrorCode::pipeline, with what to do, where
// that is not what this job left.
core::Result<std::optional<std::string>> own_tag(const WholeFile& file, const Record& record);

struct Written {
  std::uint64_t rows = 0;
  bool changed = false;  // else it was as `lines` is
};
// Writes the lines of the file `lines` there, unless they are there.
core::Result<Written> write_whole(const WholeFile& file, const std::string& lines, Record& record);

}  // namespace sluice::deliver
