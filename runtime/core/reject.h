// A row that ends without an answer. A Reject is a value that flows on to the rejects file with the
// whole row; it never ends a run (that is an Error, core/error.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::core {

enum class Stage : std::uint8_t {
  read,
  map,
  keep,
  explode,
  validate,
  pack,
  dispatch,
  parse,
  escalate
};

constexpr std::string_view stage_name(Stage stage) {
  switch (stage) {
    case Stage::read:
      return "read";
    case Stage::map:
      return "map";
    case Stage::keep:
      return "keep";
    case Stage::explode:
      return "explode";
    case Stage::validate:
      return "validate";
    case Stage::pack:
      return "pack";
    case Stage::dispatch:
      return "dispatch";
    case Stage::parse:
      return "parse";
    case Stage::escalate:
      return "escalate";
  }
  return "";
}

struct Reject {
  Stage stage = Stage::read;
  std::string reason;                // one word of a fixed list (docs/reference.md), for programs
  std::string detail;                // for people
  std::vector<std::string> history;  // earlier failures of the same row, oldest first
};

}  // namespace sluice::core
