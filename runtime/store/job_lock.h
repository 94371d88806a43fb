// One process at a time for a job: a lock on `<directory>/lock`, which holds the owner's process
// number for the message to whoever comes second. The lock goes with the process, however it ends.
// (An open file description lock: unlike flock's it can be asked about without being taken.)
#pragma once

#include <string>

#include "core/error.h"

namespace sluice::store {

class JobLock {
 public:
  // ErrorCode::busy when another process (or another checkpoint of this one) holds it.
  static core::Result<JobLock> take(const std::string& directory, const std::string& job);
  // Keeps runs away without writing anything; any number may share. ErrorCode::busy as above. Where
  // no run ever made a lock there is none to keep.
  static core::Result<JobLock> share(const std::string& directory, const std::string& job);
  // Whether a run has it now. Keeps nobody away.
  static bool taken(const std::string& directory);
  JobLock(JobLock&& other) noexcept;
  JobLock& operator=(JobLock&&) = delete;
  ~JobLock();

 private:
  explicit JobLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace sluice::store
