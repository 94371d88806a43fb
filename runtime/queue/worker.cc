#include "queue/worker.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "core/hash.h"

namespace sluice::queue {

std::string worker_name(const std::string& folder) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::error_code error;
  const std::string whole = std::filesystem::weakly_canonical(folder, error).string();
  return fmt::format("{}-{}", host.data(), core::hash128(whole).hex().substr(0, 12));
}

}  // namespace sluice::queue
