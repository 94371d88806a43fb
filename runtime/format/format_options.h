// What a pipeline file says about the format of its input, free of Lua. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::format {

struct FormatOptions {
  std::string name;      // of formats.h; empty = by each file's ending
  std::string encoding;  // of decoder.h; empty = UTF-8, or what a byte order mark says
  friend bool operator==(const FormatOptions&, const FormatOptions&) = default;
};

}  // namespace sluice::format
