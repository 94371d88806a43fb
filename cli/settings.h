// The parameters of a pipeline file, from --set-file and --set, and the folders of SLUICE_LIB.
//
// Threads: any.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/error.h"

namespace sluice::cli {

// `files`: a "name = value" a line, text without quotes as it stands; empty lines and those that
// begin with '#' are passed over. A later file wins over an earlier one, and `settings`
// ("name=value") over all. ErrorCode::usage says which file and line is wrong.
core::Result<std::map<std::string, std::string>> read_settings(
    const std::vector<std::string>& files, const std::vector<std::string>& settings);

// ErrorCode::usage where one is not there.
core::Result<std::vector<std::string>> environment_libraries();

}  // namespace sluice::cli
