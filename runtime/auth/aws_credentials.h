// The credentials of an endpoint of Amazon Bedrock: a signature for each request (sigv4.h), by keys
// that aws_keys.h finds, or the bearer token AWS_BEARER_TOKEN_BEDROCK, which goes before what else
// the machine has, as with AWS's own tools.
//
// A pipeline file may be a stranger's: what the machine has by itself goes to Bedrock's own
// addresses alone, over TLS that the system's certificates vouch for. Elsewhere, and with a ca_file,
// only what the file asks for by name counts: `key` or `credentials`.
//
// Threads: any, before the loop runs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/aws_keys.h"
#include "auth/credentials.h"
#include "auth/make_credentials.h"

namespace sluice::auth {

// For an endpoint without a key. ErrorCode::pipeline says what is missing.
core::Result<std::unique_ptr<Credentials>> make_aws_credentials(CredentialsSetup setup,
                                                                AwsSurroundings surroundings);

// The region of one of Bedrock's own addresses, "bedrock-runtime.REGION.amazonaws.com" and its kin;
// nullopt for any other, other hosts below amazonaws.com among them, which may be anyone's.
std::optional<std::string> bedrock_region(std::string_view base_url);

}  // namespace sluice::auth
