// A pipeline file → the job that it describes, checked and free of Lua.
//
// Threads: load() on any thread; it keeps no state of its own. The functions in the spec may be
// called from any thread at once (dsl/scripts.h).
//
// Every mistake is one Error with ErrorCode::pipeline: `where` is "file:line:column", `message`
// says what is wrong, shows the line, and says what to do.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "stages/spec.h"

namespace sluice::dsl {

struct LoadOptions {
  std::map<std::string, std::string> parameters;  // --set name=value
  // Folders beside the pipeline file's own in which require and s.file look (--lib), in order.
  std::vector<std::string> libraries;
  // Of the pipeline file, where it is not to be read from the disk (`sluice ask`).
  std::optional<std::string> text;
  // File of prices for the endpoints that have no price, where the pipeline file names no file
  // (SLUICE_PRICES); empty = none.
  std::string prices;
  // For s.secret; nullopt = not set. Empty = the process's environment.
  std::function<std::optional<std::string>(const std::string&)> environment;
};

// `path` as given by the user: it stands in messages, and s.file and require look beside it.
core::Result<stages::JobSpec> load(const std::string& path, const LoadOptions& options);

}  // namespace sluice::dsl
