// What a pipeline file says about the services where its files are; what it does not say, the environment does
// (servers.h). Plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/secret.h"

namespace sluice::place {

// What stands for a secret that the command does not read, or whose variable is not set.
constexpr std::string_view kUnreadSecret = "unread";

struct S3Settings {
  std::string
      endpoint;  // "https://host[:port]"; empty = AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, Amazon's own
  std::string region;              // empty = AWS_REGION, AWS_DEFAULT_REGION, "us-east-1"
  std::optional<bool> path_style;  // the bucket in the path, not in the host's name
  core::Secret credentials;        // as auth::named_aws_keys() has them; empty = the machine's
  bool anonymous = false;
};

struct GcsSettings {
  std::string endpoint;      // empty = STORAGE_EMULATOR_HOST, Google's own
  std::string project;       // whose quota is charged; may be empty
  core::Secret credentials;  // as auth::find_google_credentials() has them; empty = the machine's
  bool anonymous = false;
};

// How long the answers of a server are waited for. Tests have less patience.
struct Patience {
  int tries = 8;                                                // of one request
  core::Duration first_delay = std::chrono::milliseconds(500);  // doubled from try to try,
  core::Duration most_delay = std::chrono::seconds(20);  // up to this; less up to a half by chance
  core::Duration connect = std::chrono::seconds(10);
  core::Duration idle = std::chrono::seconds(60);    // no byte in either direction
  core::Duration total = std::chrono::seconds(600);  // of one try
};

struct Settings {
  S3Settings s3 = {};
  GcsSettings gcs = {};
  Patience patience = {};
  bool first_page_only = false;                    // of a listing
  std::size_t range_bytes = std::size_t{8} << 20;  // of an object, read at once
  std::size_t part_bytes = std::size_t{16}
                           << 20;  // of an object, written at once; S3 takes no part below 5 MiB
};

}  // namespace sluice::place
