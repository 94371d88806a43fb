// A mistake in a pipeline file, shown where it stands:
//
//   classify-tickets.lua:15:5: error: unknown option 'sytem' for pack
//       15 |     sytem  = s.file "prompts/triage.md",
//          |     ^^^^^ did you mean 'system'?
//
// Plain values and functions, any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/error.h"
#include "script/source.h"

namespace sluice::script {

// The line of `span` and the marks below it, as above, without a line end; what looks like a
// credential is starred out. Goes through the source's tokens.
std::string shown_at(const Source& source, const Span& span);

// `what` is wrong at `span`; `hint` says what to do about it and may be empty.
core::Error error_at(const Source& source, const Span& span, std::string_view what,
                     std::string_view hint);

// A mistake that has no place in a file's text.
core::Error error_in(const std::string& file, std::string_view what, std::string_view hint);

// The candidate that `word` was most likely meant to be; empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// "did you mean 'x'?" for the nearest candidate, else `otherwise`.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates,
                         std::string otherwise);

}  // namespace sluice::script
