// What a file is, whatever its name: its number and, since numbers are used again, the time it was
// made. For unsynced_writes.cc and the test that reads what it keeps.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <string>

namespace sluice::cli {

// Of `name` in the folder `at`, links not followed; of `at` itself for "". Empty when there is
// none.
inline std::string id_of(int at, const char* name) {
  struct statx info{};
  if (::statx(at, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &info) != 0)
    return {};
  return std::to_string(info.stx_ino) + "-" + std::to_string(info.stx_btime.tv_sec) + "-" +
         std::to_string(info.stx_btime.tv_nsec);
}

}  // namespace sluice::cli
