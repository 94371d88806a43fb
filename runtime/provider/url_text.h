// Names in a request's path. Plain functions, any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice::provider {

// `text` with all but letters, digits and "-._~" (RFC 3986, unreserved) as "%XX".
std::string segment_text(std::string_view text);
// The same, with "/" as it is: several segments.
std::string path_text(std::string_view text);

// As a form and a query have it: '+' is a blank, %20 one too; a '%' that no two digits follow stays.
std::string form_decoded(std::string_view text);

}  // namespace sluice::provider
