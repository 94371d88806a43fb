#include "checkpoint/options.h"

#include <fstream>

namespace sluice::checkpoint {

std::string this_boot() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  return boot;
}

}  // namespace sluice::checkpoint
