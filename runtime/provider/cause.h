// Why an attempt gave no answer. What decides (scheduler, simulator, dispatch) compares these; the
// names are for rejects files, JSON and people, and stay as they are.
//
// Plain values and a plain function, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::provider {

enum class Cause : std::uint8_t {
  none,  // an answer came
  // Said by the server (error_table.cc).
  rate_limit,
  slow_down,
  overloaded,
  capacity,
  server_error,
  conflict,
  payment,
  spend_limit,
  daily_quota,
  auth,
  forbidden,
  not_found,
  redirect,
  unsupported,
  bad_request,
  unprocessable,
  too_large,
  content_filter,
  upstream_error,  // an error that came with status 200
  bad_reply,       // no answer of this API, and no error of it
  // Of the connection, or of what came over it.
  timeout,
  unreachable,
  tls,
  reset,
  bad_response,
  response_too_large,
  // Nobody wants its answer any more.
  cancelled,
};
constexpr std::size_t kCauses = static_cast<std::size_t>(Cause::cancelled) + 1;

// "rate_limit"; "" for none.
std::string_view cause_name(Cause cause);

}  // namespace sluice::provider
