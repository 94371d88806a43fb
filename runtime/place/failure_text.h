// What an answer that is none of those wanted means for people, and what to do about it. Pure; any thread.
#pragma once

#include <string_view>

#include "core/error.h"
#include "place/servers.h"
#include "place/uri.h"
#include "place/web.h"

namespace sluice::place {

enum class Doing : std::uint8_t { reading, listing, writing };

// ErrorCode::io, with the place in `where`. Names no secret: what a server says is not shown but for its error's code.
core::Error refused(const Answer& answer, Doing doing, const Uri& uri, const Service& service);
// Of a request that had no answer.
core::Error unanswered(core::Error error, const Uri& uri);

}  // namespace sluice::place
