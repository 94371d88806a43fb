// What a response body is that should be JSON and is not. Plain functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::provider {

enum class NoJson : std::uint8_t {
  nothing,  // an empty body
  page,     // HTML or XML: of a proxy, a firewall, a login page. No model has run for it
  events,   // a stream of server-sent events, which was not asked for
  text,     // anything else; a spoilt answer too
};

NoJson looks_like(std::string_view body);
// "an HTML page (Sign in)", "an empty body", …; not made safe for people yet (safe_message).
std::string name_of(NoJson what, std::string_view body);

// For people, about a response of status 3xx, which is not followed: the base_url to write where
// `location` tells it. `path` is the codec's, below `base_url`. Queries and credentials in
// `location` are left out.
std::string explain_redirect(int status, std::string_view location, std::string_view base_url,
                             std::string_view path);

}  // namespace sluice::provider
