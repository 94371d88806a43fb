#include "provider/cause.h"

namespace sluice::provider {

std::string_view cause_name(Cause cause) {
  switch (cause) {
    case Cause::none:
      return "";
    case Cause::rate_limit:
      return "rate_limit";
    case Cause::slow_down:
      return "slow_down";
    case Cause::overloaded:
      return "overloaded";
    case Cause::capacity:
      return "capacity";
    case Cause::server_error:
      return "server_error";
    case Cause::conflict:
      return "conflict";
    case Cause::payment:
      return "payment";
    case Cause::spend_limit:
      return "spend_limit";
    case Cause::daily_quota:
      return "daily_quota";
    case Cause::auth:
      return "auth";
    case Cause::forbidden:
      return "forbidden";
    case Cause::not_found:
      return "not_found";
    case Cause::redirect:
      return "redirect";
    case Cause::unsupported:
      return "unsupported";
    case Cause::bad_request:
      return "bad_request";
    case Cause::unprocessable:
      return "unprocessable";
    case Cause::too_large:
      return "too_large";
    case Cause::content_filter:
      return "content_filter";
    case Cause::upstream_error:
      return "upstream_error";
    case Cause::bad_reply:
      return "bad_reply";
    case Cause::timeout:
      return "timeout";
    case Cause::unreachable:
      return "unreachable";
    case Cause::tls:
      return "tls";
    case Cause::reset:
      return "reset";
    case Cause::bad_response:
      return "bad_response";
    case Cause::response_too_large:
      return "response_too_large";
    case Cause::cancelled:
      return "cancelled";
  }
  return "";
}

}  // namespace sluice::provider
