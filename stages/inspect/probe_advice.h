// What to do about an endpoint that did not answer, by the cause of its failure (provider/cause.h).
//
// Threads: any; a pure function.
#pragma once

#include <span>
#include <string>

#include "inspect/probe.h"
#include "provider/endpoint.h"

namespace sluice::inspect {

// A sentence or two for people, without a secret; empty where the message of the failure says all, and
// where nothing was sent. `variables`: that the pipeline file reads (JobSpec).
std::string probe_advice(const Probe& probe, const provider::EndpointSpec& endpoint,
                         std::span<const std::string> variables);

}  // namespace sluice::inspect
