// Memory that is kept for the end. When an allocation is refused, a program that has none left
// cannot even tell so: closing connections, committing what is queued and writing the message all
// allocate. The first refusal gives the reserve back, the allocation is tried again, and whoever
// looks at memory_is_short() ends the run while there is something left to end it with. The next
// refusal throws std::bad_alloc as ever.
//
// Threads: keep_memory_reserve() once, before others run; memory_is_short() any.
#pragma once

#include <cstddef>

namespace sluice::core {

constexpr std::size_t kMemoryReserve = 16 * 1024 * 1024;

// Of addresses, not of memory: nothing is touched. Sets the program's new handler.
void keep_memory_reserve();
// The reserve is used up.
bool memory_is_short() noexcept;

}  // namespace sluice::core
