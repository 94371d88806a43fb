// A second place for the files of batches, where several machines share the job: whoever goes on with a batch of
// another needs to know which rows stand in it.
//
// Threads: the batches', and remove() when that one has ended.
#pragma once

#include <string>

#include "core/error.h"

namespace sluice::parked {

class SharedFiles {
 public:
  virtual ~SharedFiles() = default;
  // When it returns, all of the file stands there, under its name in the folder. ErrorCode::io: not so, and the job is
  // another process's by now.
  virtual core::Status put(const std::string& path) = 0;
  virtual void remove(const std::string& path) = 0;
  // Whether the batches are still this process's to drive, as far as it can know: what others may have gone on
  // with is not begun.
  virtual bool are_ours() = 0;
  // Now and then: puts there again what the other place has lost, and brings orders of other machines into the folder.
  virtual void tend() = 0;
};

}  // namespace sluice::parked
