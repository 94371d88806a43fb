// What a job on a machine is called among the workers of a queue.
//
// Threads: any.
#pragma once

#include <string>

namespace sluice::queue {

// By the machine's name and the checkpoint's folder: the same for every run of the job there.
std::string worker_name(const std::string& folder);

}  // namespace sluice::queue
