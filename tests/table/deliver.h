// Lines into a target, piece by piece, as a job delivers them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/hash.h"
#include "table/tables.h"

namespace sluice::table {

inline format::Stand stand_of(std::string_view lines) {
  return {lines.size(), core::hash128(lines)};
}

inline constexpr char kTwo[] = "{\"id\":1,\"a\":\"x\"}\n{\"id\":2,\"a\":\"y\"}\n";

// From where the target stands to the end of `lines`, in pieces of `count` lines. Returns the error, or "".
inline std::string deliver(format::RecordTarget& target, const std::string& lines,
                           std::size_t count = 1000) {
  auto stand = target.open();
  if (!stand) return stand.error().text();
  std::size_t at = stand->bytes;
  const bool still = at <= lines.size() && (at == 0 || *stand == stand_of({lines.data(), at}));
  if (!still) {
    if (auto begun = target.restart(); !begun) return begun.error().text();
    at = 0;
  }
  bool first = !still;
  while (first || at < lines.size()) {
    first = false;
    std::size_t end = at;
    for (std::size_t i = 0; i < count && end < lines.size(); ++i) end = lines.find('\n', end) + 1;
    const std::string_view piece = std::string_view(lines).substr(at, end - at);
    if (auto put = target.put(piece, stand_of({lines.data(), end})); !put)
      return put.error().text();
    at = end;
  }
  return {};
}

inline std::string deliver(const Target& target, const std::string& lines,
                           std::size_t count = 1000) {
  const auto made = make_target(target);
  return deliver(*made, lines, count);
}

}  // namespace sluice::table
