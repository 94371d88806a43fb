#include "core/memory_reserve.h"

#include <sys/mman.h>

#include <atomic>
#include <new>

namespace sluice::core {
namespace {

std::atomic<void*> reserve{nullptr};
std::atomic<bool> is_short{false};

void on_refusal() {
  is_short = true;
  void* const kept = reserve.exchange(nullptr);
  if (kept == nullptr) throw std::bad_alloc();
  ::munmap(kept, kMemoryReserve);
}

}  // namespace

void keep_memory_reserve() {
  void* const kept =
      ::mmap(nullptr, kMemoryReserve, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (kept == MAP_FAILED) return;  // then refusals throw at once
  reserve = kept;
  std::set_new_handler(on_refusal);
}

bool memory_is_short() noexcept {
  return is_short.load(std::memory_order_relaxed);
}

}  // namespace sluice::core
