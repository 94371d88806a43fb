#include "script/bytecode.h"

#include <cstdint>
#include <lua.hpp>

namespace sluice::script {
namespace {

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

// Each function below takes one thing; `failed_` once there was less than it needs.
class CodeReader {
 public:
  explicit CodeReader(std::string_view dump) : rest_(dump) {}

  std::optional<Code> run() {
    // Signature, version 5.4, format 0, and bytes that a transfer as text would spoil.
    constexpr std::string_view kHeader{"\x1bLua\x54\0\x19\x93\r\n\x1a\n", 12};
    if (take(kHeader.size()) != kHeader) return std::nullopt;
    take(3 + sizeof(lua_Integer) + sizeof(lua_Number));  // sizes of numbers, and one of each kind
    take(1);                                             // number of upvalues
    function(true);
    if (failed_ || !rest_.empty()) return std::nullopt;
    return std::move(code_);
  }

 private:
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
  void keep(std::size_t count) { code_.bytes += take(count); }

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
  std::size_t kept_number() {
    const std::size_t value = number();
    code_.bytes += std::to_string(value) + ";";
    return value;
  }
  // nullopt for none, which the format tells from an empty one.
  std::optional<std::string_view> text() {
    const std::size_t size = number();
    if (size == 0) return std::nullopt;
    return take(size - 1);
  }

  void constant() {
    const std::string_view tag = take(1);
    if (tag.empty()) return;
    code_.bytes += tag;
    switch (static_cast<unsigned char>(tag[0])) {
      case kNil:
      case kFalse:
      case kTrue:
        return;
      case kInteger:
        return keep(sizeof(lua_Integer));
      case kFloat:
        return keep(sizeof(lua_Number));
      case kShortString:
      case kLongString: {
        const std::string_view value = text().value_or("");
        code_.bytes += std::to_string(value.size()) + ":";
        code_.bytes += value;
        code_.strings.emplace_back(value);
        return;
      }
      default:
        failed_ = true;
    }
  }

  void function(bool outermost) {
    constexpr std::size_t kInstruction = 4;  // bytes
    if (text()) failed_ = true;              // its source: not there when stripped
    number();                                // the line where it begins
    number();                                // and ends
    keep(3);                                 // parameters, whether more may come, stack size
    keep(kept_number() * kInstruction);
    for (std::size_t left = kept_number(); left > 0 && !failed_; --left) constant();
    // Upvalues, and where each comes from: of the outermost function a place among the local
    // variables around it, which others there move. What it holds is its caller's to say.
    const std::size_t upvalues = 3 * kept_number();
    outermost ? void(take(upvalues)) : keep(upvalues);
    for (std::size_t left = kept_number(); left > 0 && !failed_; --left) function(false);
    // Lines, lines again, local variables' names and upvalues' names: none when stripped.
    for (int i = 0; i < 4; ++i) failed_ = number() != 0 || failed_;
  }

  std::string_view rest_;
  Code code_;
  bool failed_ = false;
};

}  // namespace

std::optional<Code> read_code(std::string_view dump) {
  return CodeReader(dump).run();
}

}  // namespace sluice::script
