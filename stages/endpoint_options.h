// An endpoint's options in short, by which a later run tells that they have changed.
//
// Threads: any. Pure.
#pragma once

#include <string>

#include "provider/endpoint.h"

namespace sluice::stages {

// Of all that decides how a request goes and what comes back: service, address, model, forms, times,
// limits. The same on every machine and in every run: it is stored. Neither key nor proxy is part of
// it, since secrets stay out of checkpoints; nor are weight and price.
std::string options_of(const provider::EndpointSpec& endpoint);

}  // namespace sluice::stages
