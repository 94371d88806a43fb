// Which credentials an endpoint has: the one list.
//
// Threads: any, before the loop runs.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "auth/credentials.h"
#include "core/clock.h"
#include "core/error.h"
#include "net/loop.h"
#include "provider/endpoint.h"
#include "provider/profile.h"

namespace sluice::auth {

struct CredentialsSetup {
  net::Loop& loop;
  const core::Clock& clock;
  const provider::EndpointSpec& spec;
  const provider::Profile& profile;
  std::string head;  // the header lines that all of its requests have, each ended by CRLF
};

// ErrorCode::pipeline for credentials that cannot be used: says where they come from and what is
// wrong, never what they are.
core::Result<std::unique_ptr<Credentials>> make_credentials(CredentialsSetup setup);

// The headers that make_credentials() would add to a request, with "***" in place of what is
// secret: for people.
std::vector<std::pair<std::string, std::string>> masked_headers(const provider::EndpointSpec& spec,
                                                                const provider::Profile& profile);

}  // namespace sluice::auth
