// Random bits of the machine's own, for names that no two processes shall share. What decides takes its randomness from a
// seed (docs/style.md, Seams).
//
// Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sluice::core {

std::uint64_t random_bits();
// So many hexadecimal digits, 16 or a multiple of that.
std::string random_name(std::size_t digits);

}  // namespace sluice::core
