// Images and documents in a request (docs/providers.md, Images and documents). The mock cannot see: it
// checks that each is what it is said to be, counts it, and says in its answers what came, so that a
// client finds out whether the right file arrived.
//
// Threads: plain functions, any thread.
#pragma once

#include <expected>
#include <string_view>

#include "wire/wire.h"

namespace sluice::wire {

// Input tokens of each, whatever its size.
constexpr std::uint64_t kMediaTokens = 1000;

// One that stands in the request as base64. `media`: as it is said to be, "image/png". Refused where
// it is not base64, or of another kind by its first bytes.
std::expected<void, Refusal> add_media(Asked& asked, std::string_view media,
                                       std::string_view base64);
// "data:image/png;base64,…", or an address, which is not fetched. `field` is where it stands.
std::expected<void, Refusal> add_media_url(Asked& asked, std::string_view url,
                                           std::string_view field);

// What is said of them before the prompt and in a free text: "[image/png of 70 bytes, 0011…] ".
std::string media_text(const Asked& asked);

}  // namespace sluice::wire
