// Base64 (RFC 4648), the standard alphabet with padding: how files and numbers stand in JSON.
//
// Threads: plain functions, any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::core {

// Bytes that append_base64() appends for so many.
constexpr std::size_t base64_bytes(std::size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

void append_base64(std::string& out, std::string_view bytes);

// The bytes; nullopt where `text` is not what append_base64() writes for any: another character,
// padding that is missing or misplaced, bits behind the last byte.
std::optional<std::string> read_base64(std::string_view text);

}  // namespace sluice::core
