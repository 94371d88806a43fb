// AWS's shared files, ~/.aws/credentials and ~/.aws/config: sections of "name = value" lines, as
// AWS's tools write and read them.
//
// Threads: plain functions, any thread. Takes any bytes (tests/fuzz/aws_credentials_fuzz.cc).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/secret.h"

namespace sluice::auth {

// What a section says of keys; empty where it says nothing.
struct AwsProfile {
  std::string key_id;
  core::Secret secret;
  core::Secret session;
  // Where else its keys come from, by the name of the setting: "sso_session", "credential_process",
  // "role_arn", … Not supported here.
  std::string elsewhere;

  bool has_keys() const { return !key_id.empty() && !secret.empty(); }
};

// Of the section "[name]" or "[profile name]", all of that name together: a later line wins. nullopt
// where there is no such section. Lines that are indented belong to the one before and are not read;
// names of settings are taken in any case; " #" and " ;" begin a comment.
std::optional<AwsProfile> read_aws_profile(std::string_view text, std::string_view name);

}  // namespace sluice::auth
