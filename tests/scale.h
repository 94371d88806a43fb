// How much of its work a test does. What is random or large is done whole in the usual build, and less where sanitizers
// make everything ten times slower: what they look for is seen in the first of many rows. Every case is run.
//
//   SLUICE_LONG=1    those that wait for minutes too (the test preset long)
//   SLUICE_WHOLE=1   under sanitizers, too, as much as in the usual build (the test preset asan_long)
#pragma once

#include <cstdint>
#include <cstdlib>

namespace sluice {

inline std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

inline std::uint64_t at_scale(std::uint64_t whole, [[maybe_unused]] std::uint64_t sanitized) {
#ifdef SLUICE_SANITIZED
  if (std::getenv("SLUICE_WHOLE") == nullptr) return sanitized;
#endif
  return whole;
}

// At the start of a test that waits for minutes: it is one of the long suite (`./dev test --all`).
#define SLUICE_NEEDS_TIME() \
  if (std::getenv("SLUICE_LONG") == nullptr) GTEST_SKIP() << "it takes minutes: SLUICE_LONG=1"

}  // namespace sluice
