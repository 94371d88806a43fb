// What stands in a Google credential file, and what of it may be used: a service account's key, or what `gcloud auth
// application-default login` has written for a user.
//
// Threads: plain functions, any thread. No I/O.
//
// The file may come from a stranger: it is a value of the pipeline file. What it says is believed of itself (its names and
// secrets), not of where to send them: tokens come from Google's own address, whatever its token_uri is. The one
// exception is this machine's loopback, for tests; the proof that is sent there is good there and nowhere else.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "core/secret.h"

namespace sluice::auth {

struct GoogleKey {
  enum class Kind { service_account, authorized_user };
  Kind kind = Kind::service_account;
  // Where tokens come from.
  std::string token_base = "https://oauth2.googleapis.com";
  std::string token_path = "/token";
  // service_account
  std::string client_email;
  std::string private_key_id;  // may be empty
  core::Secret private_key;    // PEM
  // authorized_user
  std::string client_id;
  core::Secret client_secret;
  core::Secret refresh_token;
  std::string quota_project;  // whose quota its requests count against; may be empty
};

// `where`: the file's name, or another word for where the text came from. ErrorCode::pipeline with what is wrong and
// what to do; never with what the text holds.
core::Result<GoogleKey> read_google_key(std::string_view json, const std::string& where);

constexpr std::size_t kLongestGoogleKey = 64 * 1024;  // bytes; they have 2 to 3 KiB

}  // namespace sluice::auth
