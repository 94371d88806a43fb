// The head of an answer as it goes over the wire.
//
// Threads: any.
#pragma once

#include <string>

#include "http/server.h"

namespace sluice::http {

// Status line and headers with the empty line. `closes` says that the connection ends behind it.
std::string response_head(const ServerResponse& response, bool closes, bool http10);
// RFC 9112 §6.3.
bool may_have_body(int status);

}  // namespace sluice::http
