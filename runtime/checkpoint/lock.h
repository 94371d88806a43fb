// One process at a time for a job: an flock on `<directory>/lock`, which holds the owner's process
// number for the message to whoever comes second. The lock goes with the process, however it ends.
#pragma once

#include <string>

#include "core/error.h"

namespace sluice::checkpoint {

class DirectoryLock {
 public:
  // ErrorCode::busy when another process (or another checkpoint of this one) holds it.
  static core::Result<DirectoryLock> take(const std::string& directory, const std::string& job);
  // Keeps runs away without writing anything; any number may share. ErrorCode::busy as above. Where
  // no run ever made a lock there is none to keep.
  static core::Result<DirectoryLock> share(const std::string& directory, const std::string& job);
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace sluice::checkpoint
