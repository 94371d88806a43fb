// A file of another place as one of this machine, for what must go back and forth in it. It has no name: nothing of it is
// left when it is let go of, or the process dies.
//
// Threads: any; immutable once made.
#pragma once

#include <string>

#include "core/error.h"
#include "storage/input_file.h"

namespace sluice::place {

class LocalCopy {
 public:
  // Of all of `file`, in the folder TMPDIR (else /tmp), which needs the room. Waits for it. `name`: for messages.
  static core::Result<LocalCopy> make(storage::InputFile& file, const std::string& name);
  LocalCopy(LocalCopy&& other) noexcept;
  LocalCopy& operator=(LocalCopy&& other) noexcept;
  ~LocalCopy();

  // For this process alone, while this lives.
  std::string path() const;

 private:
  explicit LocalCopy(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace sluice::place
