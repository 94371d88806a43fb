// Where the keys that sign requests to AWS come from (docs/providers.md, Bedrock): what the pipeline
// file names, else what AWS's own tools find on this machine, in their order:
//
//   1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
//   2. the profile AWS_PROFILE, or "default", of the shared files (AWS_SHARED_CREDENTIALS_FILE, else
//      ~/.aws/credentials; AWS_CONFIG_FILE, else ~/.aws/config)
//   3. the container's endpoint: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI
//   4. EC2's metadata service (aws_metadata.h), unless AWS_EC2_METADATA_DISABLED is "true"
//
// Keys by SSO, by credential_process and by assuming a role are not fetched: the error says which
// command of AWS's gets them.
//
// Threads: any, before the loop runs; the sources are asked on its thread. Files are small and are
// read again for each refresh, so that what renews them renews the keys.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "auth/token_source.h"
#include "core/error.h"
#include "core/secret.h"
#include "http/proxy_environment.h"

namespace sluice::auth {

// What the machine has, from outside.
struct AwsSurroundings {
  http::Environment environment;
  // The whole of a small regular file, or errno.
  std::function<std::expected<std::string, int>(const std::string& path)> read_file;
};
AwsSurroundings process_surroundings();

// Of the option `credentials`: "ID:SECRET", "ID:SECRET:SESSION", or the path of a shared file with
// "#PROFILE" behind it. ErrorCode::pipeline for one that cannot be used.
core::Result<std::unique_ptr<TokenSource>> named_aws_keys(const core::Secret& credentials,
                                                          AwsSurroundings surroundings);

// What the machine has. ErrorCode::pipeline says where it was looked for.
core::Result<std::unique_ptr<TokenSource>> machine_aws_keys(AwsSurroundings surroundings);

}  // namespace sluice::auth
