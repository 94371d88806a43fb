// Whether what the machine itself has (a credential file of its user, the identity of a virtual machine) may prove who
// asks at an address that a pipeline file names. The file may come from a stranger: then only the service's own hosts
// may get it, over TLS with the certificates that the system trusts. What the file gives itself (`key`, `credentials`)
// goes where the file says.
//
// Threads: plain functions, any thread.
#pragma once

#include <span>
#include <string_view>

#include "provider/endpoint.h"

namespace sluice::auth {

// https, at one of `domains` or below, without a ca_file of the pipeline's: with that and a proxy it could name a
// server of its own by Google's name.
bool is_trusted_address(const provider::EndpointSpec& spec,
                        std::span<const std::string_view> domains);

}  // namespace sluice::auth
