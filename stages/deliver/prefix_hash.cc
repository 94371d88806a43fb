#include "deliver/prefix_hash.h"

#include <algorithm>

namespace sluice::deliver {
namespace {

constexpr std::size_t kBlockBytes = 1024 * 1024;

core::Hash128 joined(core::Hash128 before, std::string_view block) {
  core::Hash128 hash = core::hash128(block, before.low);
  hash.high ^= before.high * 0x9E3779B97F4A7C15ULL;
  return hash;
}

}  // namespace

void PrefixHash::add(std::string_view bytes) {
  bytes_ += bytes.size();
  while (!bytes.empty()) {
    const std::size_t part = std::min(kBlockBytes - rest_.size(), bytes.size());
    rest_.append(bytes.substr(0, part));
    bytes.remove_prefix(part);
    if (rest_.size() < kBlockBytes) continue;
    blocks_ = joined(blocks_, rest_);
    rest_.clear();
  }
}

format::Stand PrefixHash::stand() const {
  return {bytes_, bytes_ == 0 ? core::Hash128() : joined(blocks_, rest_)};
}

}  // namespace sluice::deliver
