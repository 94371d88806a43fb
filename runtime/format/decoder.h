// Bytes of other encodings as UTF-8. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::format {

// latin1: as Windows-1252, which has all of ISO 8859-1's printable characters, and is what files that
// are called so are written in.
enum class Encoding : std::uint8_t { utf8, utf16le, utf16be, latin1 };

struct ByteOrderMark {
  Encoding encoding;
  std::size_t bytes;
};
std::optional<ByteOrderMark> byte_order_mark(std::string_view start);

// "utf-8", "utf-16" (little-endian where no mark says otherwise), "utf-16be", "latin1"; another: UTF-8.
Encoding encoding_named(std::string_view name);

// Appends `bytes` as UTF-8, and returns how many were used: what is left is the beginning of a
// character, unless `at_end`. Half of a surrogate pair becomes U+FFFD.
std::size_t decode(Encoding encoding, std::string_view bytes, bool at_end, std::string& out);

}  // namespace sluice::format
