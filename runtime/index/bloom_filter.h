// A blocked Bloom filter of tags (Putze, Sanders and Singler, 2007): 10 bits a tag, six of them set
// in one cache line, so a lookup is one miss. It says "maybe" to about one absent tag in a hundred,
// and never "no" to one that was added.
//
// Threads: add() on one; may_hold(), of what was added before, on any.
//
// The line is given by the tag's leading bits. So whoever adds tags in ascending order walks
// through the memory, which is taken from the system page by page as it is reached, and given back
// whole.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <utility>

#include "index/slot.h"

namespace sluice::index {

class BloomFilter {
 public:
  explicit BloomFilter(std::size_t tags) : lines_(tags * kBitsPerTag / kLineBits + 1) {
    void* memory =
        ::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    words_ = static_cast<std::uint64_t*>(memory);
  }
  BloomFilter(BloomFilter&& other) noexcept
      : lines_(other.lines_), words_(std::exchange(other.words_, nullptr)) {}
  BloomFilter& operator=(BloomFilter&&) = delete;
  ~BloomFilter() {
    if (words_ != nullptr) ::munmap(words_, bytes());
  }

  // A tag with the choice of its bits, which is the same in every filter.
  struct Key {
    explicit Key(Slot of) : tag(of), bits(mixed(of >> kSlotBlockBits)) {}
    Slot tag;
    std::uint64_t bits;
  };

  void add(const Key& key) {
    std::uint64_t* line = line_of(key);
    for (int i = 0; i < kProbes; ++i) line[word(key, i)] |= bit(key, i);
  }
  bool may_hold(const Key& key) const {
    const std::uint64_t* line = line_of(key);
    for (int i = 0; i < kProbes; ++i)
      if ((line[word(key, i)] & bit(key, i)) == 0) return false;
    return true;
  }
  void prefetch(const Key& key) const { __builtin_prefetch(line_of(key)); }
  std::size_t bytes() const { return lines_ * kLineBits / 8; }

 private:
  static constexpr std::size_t kBitsPerTag = 10;
  static constexpr std::size_t kLineBits = 512;
  static constexpr int kProbes = 6;  // 9 bits of Key::bits each

  // The finalizer of MurmurHash3.
  static std::uint64_t mixed(std::uint64_t x) {
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccd;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53;
    return x ^ x >> 33;
  }
  static std::size_t word(const Key& key, int i) { return key.bits >> (9 * i + 6) & 7; }
  static std::uint64_t bit(const Key& key, int i) {
    return std::uint64_t{1} << (key.bits >> (9 * i) & 63);
  }
  std::uint64_t* line_of(const Key& key) const {
    return words_ + ((key.tag >> kSlotBlockBits) * lines_ >> kSlotTagBits) * (kLineBits / 64);
  }

  std::size_t lines_;  // below 2^28: 10^10 tags
  std::uint64_t* words_;
};

}  // namespace sluice::index
