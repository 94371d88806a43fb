// What a file is by its first bytes: the kinds that models are shown. Names and endings decide nothing,
// but for what is not here to be looked at (a URL).
//
// Threads: plain functions, any thread.
#pragma once

#include <string_view>

namespace sluice::core {

constexpr std::string_view kPdf = "application/pdf";

// "image/png", "image/jpeg", "image/gif", "image/webp" or "application/pdf"; empty for all else.
std::string_view media_type_of(std::string_view bytes);
// The same by the ending of a path or a URL, whose query and fragment do not count.
std::string_view media_type_by_ending(std::string_view path);

// What a file is that is none of these, for a message ("an HEIC image", "a web page"); empty where it
// does not show.
std::string_view other_kind_of(std::string_view bytes);

}  // namespace sluice::core
