// For tests that need DuckDB's library (./dev duckdb fetches it): skipped without it, where nobody
// promised it. In CI it must be there.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace sluice {

// Sets SLUICE_DUCKDB, also for programs that the test starts. False: it is not there.
inline bool find_duckdb() {
  const std::string path = std::string(SLUICE_SOURCE_DIR) + "/build/duckdb/libduckdb.so";
  if (std::filesystem::exists(path)) ::setenv("SLUICE_DUCKDB", path.c_str(), 0);
  return ::getenv("SLUICE_DUCKDB") != nullptr;
}

}  // namespace sluice

#define SLUICE_NEEDS_DUCKDB()                                                             \
  if (!sluice::find_duckdb()) {                                                           \
    if (::getenv("CI") != nullptr) FAIL() << "DuckDB's library is missing: ./dev duckdb"; \
    GTEST_SKIP() << "needs DuckDB's library: ./dev duckdb fetches it";                    \
  }
