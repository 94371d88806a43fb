#include "wire/objects.h"

#include <fmt/format.h>

namespace sluice::wire {
namespace {

http::ServerResponse objects_refuse(const Refusal& refusal) {
  const auto error = [&](int status, std::string_view code, std::string_view words) {
    http::ServerResponse response;
    response.status = status;
    response.content_type = "application/xml";
    response.body = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}"
        "</Message></Error>",
        code, refusal.message.empty() ? std::string(words) : xml_text(refusal.message));
    return response;
  };
  switch (refusal.why) {
    case Why::bad_key:
      return error(403, "InvalidAccessKeyId", "The access key does not exist.");
    case Why::expired_token:
      return error(401, "AuthenticationRequired", "The token has expired.");
    case Why::bad_signature:
      return error(403, "SignatureDoesNotMatch", "The signature does not match.");
    case Why::unknown_path:
    case Why::not_found:
      return error(404, "NoSuchKey", "The specified key does not exist.");
    case Why::wrong_method:
      return error(405, "MethodNotAllowed", "The method is not allowed.");
    case Why::rate_limit:
    case Why::capacity:
      return error(503, "SlowDown", "Please reduce your request rate.");
    case Why::server_error:
      return error(500, "InternalError", "We encountered an internal error. Please try again.");
    case Why::conflict:
      return error(409, "OperationAborted", "A conflicting operation is under way.");
    case Why::bad_request:
      break;
  }
  return error(400, "InvalidRequest", "Bad request.");
}

std::string_view objects_tier(std::string_view) {
  return {};
}

}  // namespace

const Service kObjects = {
    .name = "objects", .refuse = objects_refuse, .credential = authorization, .tier = objects_tier};

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace sluice::wire
