// The one list of wire formats and of the services that speak them. It drives the constructors of
// the pipeline language, their pages, the fuzz targets and the conformance test.
//
// Threads: constant data and plain functions, any thread.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "provider/batch_api.h"
#include "provider/codec.h"
#include "provider/profile.h"

namespace sluice::codec {

// In the order of the pages.
std::span<const provider::Dialect> dialects();

// Every profile once, with its dialect: the vendor's, the services', the one for any other host.
std::vector<provider::Provider> providers();

// Who is meant by the constructor of this name with this base_url (empty: its own). A vendor's
// constructor means whichever service of its format the host names, another its own service at any
// host. No profile where there is no such constructor.
provider::Provider find_provider(std::string_view constructor, std::string_view base_url = {});

// The endpoint's; where it has none, that of s.openai at its base_url.
provider::Provider provider_of(const provider::EndpointSpec& endpoint);

std::unique_ptr<provider::Codec> make_codec(const provider::EndpointSpec& endpoint);

// Null where its service has none.
std::unique_ptr<provider::BatchApi> make_batch_api(const provider::EndpointSpec& endpoint);

}  // namespace sluice::codec
