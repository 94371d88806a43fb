// What `sluice --version` says: defined in a file that the build writes (cmake/Version.cmake).
#pragma once

namespace sluice::cli {

extern const char* const kVersion;

}  // namespace sluice::cli
