// How far answers were sent to a queue that cannot say it: a file in the job's folder, written after they were sent. So what
// was sent before a crash and not noted is sent again.
//
// Threads: one.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "format/record_target.h"

namespace sluice::queue {

class SentPosition {
 public:
  // `address`: of the queue, as no other has it. `name`: for messages.
  SentPosition(std::string_view folder, std::string_view address, std::string name);

  core::Result<format::Stand> read() const;  // zero where there is none yet
  core::Status write(const format::Stand& stand) const;
  // What a target that takes nothing back says to restart(); `kind`: "queue".
  core::Status cannot_restart(std::string_view kind) const;

 private:
  const std::string file_;
  const std::string name_;
};

}  // namespace sluice::queue
