// Base64 (RFC 4648): vectors are written in it, and the parts of a JWT are read from its URL form.
//
// Threads: plain functions, any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::wire {

// Standard alphabet, with padding.
std::string base64(std::string_view bytes);
// The floats' bytes, little-endian.
std::string base64_floats(std::span<const float> numbers);
// URL alphabet, without padding; nullopt when `text` is not that.
std::optional<std::string> read_base64url(std::string_view text);

}  // namespace sluice::wire
