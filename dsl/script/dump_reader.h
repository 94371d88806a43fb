// The bytes that lua_dump() writes, piece by piece, in the format of Lua 5.4 (ldump.c and
// lundump.c). After a piece that is not there each one is empty, and failed() says so.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <lua.hpp>
#include <optional>
#include <string_view>

namespace sluice::script {

class DumpReader {
 public:
  // The tags of constants, of lobject.h.
  enum Tag : std::uint8_t {
    kNil = 0x00,
    kFalse = 0x01,
    kTrue = 0x11,
    kInteger = 0x03,
    kFloat = 0x13,
    kShortString = 0x04,
    kLongString = 0x14,
  };

  explicit DumpReader(std::string_view dump) : rest_(dump) {}

  bool failed() const { return failed_; }
  bool at_end() const { return rest_.empty(); }
  void fail() { failed_ = true; }

  // What stands before the outermost function.
  void header() {
    // Signature, version 5.4, format 0, and bytes that a transfer as text would spoil.
    constexpr std::string_view kHeader{"\x1bLua\x54\0\x19\x93\r\n\x1a\n", 12};
    if (take(kHeader.size()) != kHeader) fail();
    take(3 + sizeof(lua_Integer) + sizeof(lua_Number));  // sizes of numbers, and one of each kind
    take(1);                                             // number of upvalues
  }

  std::string_view take(std::size_t count) {
    if (count > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  // Seven bits a byte, the most significant first; the last byte has its eighth bit set.
  std::size_t number() {
    std::size_t value = 0;
    for (int i = 0; i < 10; ++i) {
      const std::string_view byte = take(1);
      if (byte.empty()) return 0;
      const auto bits = static_cast<unsigned char>(byte[0]);
      value = value << 7 | (bits & 0x7F);
      if ((bits & 0x80) != 0) return value;
    }
    failed_ = true;
    return 0;
  }

  // nullopt for none, which the format tells from an empty one.
  std::optional<std::string_view> text() {
    const std::size_t size = number();
    if (size == 0) return std::nullopt;
    return take(size - 1);
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace sluice::script
