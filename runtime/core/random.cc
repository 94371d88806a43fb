#include "core/random.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <cerrno>
#include <stdexcept>

namespace sluice::core {

// Not std::random_device, which wants a newer glibc than packages may.
std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  while (true) {
    if (::getrandom(&bits, sizeof bits, 0) == sizeof bits) return bits;
    if (errno != EINTR) throw std::runtime_error("the machine gives no random bits");
  }
}

std::string random_name(std::size_t digits) {
  std::string name;
  while (name.size() < digits) name += fmt::format("{:016x}", random_bits());
  return name;
}

}  // namespace sluice::core
