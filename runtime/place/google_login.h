// Who asks at Google's services, proven by a token for each request.
//
// Threads: the loop's.
#pragma once

#include <memory>
#include <string>

#include "auth/credentials.h"
#include "core/clock.h"
#include "core/error.h"
#include "net/loop.h"
#include "provider/endpoint.h"

namespace sluice::place {

// By the credentials of `spec`, or the machine's; `project`: whose quota is charged, may be empty. ErrorCode::pipeline for
// credentials that cannot be used.
core::Result<std::unique_ptr<auth::Credentials>> google_login(const provider::EndpointSpec& spec,
                                                              const std::string& project,
                                                              net::Loop& loop,
                                                              const core::Clock& clock);

}  // namespace sluice::place
