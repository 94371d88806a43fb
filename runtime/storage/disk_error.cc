#include "storage/disk_error.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace sluice::storage {

std::unexpected<core::Error> disk_failed(std::string_view what, int error,
                                         const std::string& where) {
  if (error == ENOSPC || error == EDQUOT)
    return core::fail(
        core::ErrorCode::io,
        "the disk is full: free some space and run again; nothing that was committed is lost",
        where);
  return core::fail(
      core::ErrorCode::io,
      fmt::format("cannot {} ({}): mend that and run again; nothing that was committed is lost",
                  what, std::generic_category().message(error)),
      where);
}

}  // namespace sluice::storage
