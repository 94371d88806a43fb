// Which of Google's credentials an endpoint has that was given no key: the ways in which Google's own libraries find
// them, in their order.
//
//   1. `credentials` of the endpoint: the path of a credential file, or what is in one (then it begins with '{')
//   2. the file that GOOGLE_APPLICATION_CREDENTIALS names
//   3. application_default_credentials.json in CLOUDSDK_CONFIG, else in ~/.config/gcloud
//   4. the metadata server of a machine in Google Cloud (GCE_METADATA_HOST, else metadata.google.internal)
//
// 2 to 4 are the machine's own, and only for Google's addresses (trusted_address.h).
//
// Threads: any, before the loop runs. Reads files.
#pragma once

#include <memory>

#include "auth/make_credentials.h"
#include "auth/token_source.h"
#include "http/proxy_environment.h"

namespace sluice::auth {

struct GoogleCredentials {
  std::unique_ptr<TokenSource> source;
  std::string quota_project;  // sent with each request; may be empty
};

// No source: none were given, and the machine's own may not go to this address. ErrorCode::pipeline for a file
// that cannot be used.
core::Result<GoogleCredentials> find_google_credentials(const provider::EndpointSpec& spec,
                                                        const http::Environment& environment);

// Whether find_google_credentials() finds a source, or fails.
bool has_google_credentials(const provider::EndpointSpec& spec);

}  // namespace sluice::auth
