#include "core/base64.h"

#include <array>
#include <cstdint>

namespace sluice::core {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 0xFF;

consteval std::array<std::uint8_t, 256> values() {
  std::array<std::uint8_t, 256> made{};
  made.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    made[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  return made;
}
constexpr auto kValues = values();

std::uint32_t byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

}  // namespace

void append_base64(std::string& out, std::string_view bytes) {
  const std::size_t before = out.size();
  const std::size_t size = before + base64_bytes(bytes.size());
  // The string may offer more room than was asked for.
  out.resize_and_overwrite(size, [&](char* text, std::size_t) {
    char* to = text + before;
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
      const std::uint32_t group =
          byte_at(bytes, i) << 16 | byte_at(bytes, i + 1) << 8 | byte_at(bytes, i + 2);
      *to++ = kAlphabet[group >> 18];
      *to++ = kAlphabet[group >> 12 & 63];
      *to++ = kAlphabet[group >> 6 & 63];
      *to++ = kAlphabet[group & 63];
    }
    const std::size_t left = bytes.size() - i;
    if (left == 0) return size;
    const std::uint32_t group =
        byte_at(bytes, i) << 16 | (left == 2 ? byte_at(bytes, i + 1) << 8 : 0);
    *to++ = kAlphabet[group >> 18];
    *to++ = kAlphabet[group >> 12 & 63];
    *to++ = left == 2 ? kAlphabet[group >> 6 & 63] : '=';
    *to++ = '=';
    return size;
  });
}

std::optional<std::string> read_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  std::uint8_t wrong = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(text[i])];
    wrong |= static_cast<std::uint8_t>(value & 0xC0);
    bits = bits << 6 | value;
    // Of 6 · (i % 4 + 1) bits, the last full byte but what is left over.
    if (i % 4 != 0) out += static_cast<char>(bits >> (2 * (3 - i % 4)));
  }
  const bool bits_left = padding > 0 && (bits & ((1U << (2 * padding)) - 1)) != 0;
  if (wrong != 0 || bits_left) return std::nullopt;
  return out;
}

}  // namespace sluice::core
