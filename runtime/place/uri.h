// The name of a file that is not on this machine:
//
//   s3://BUCKET/KEY                    Amazon S3, and what speaks its protocol
//   gs://BUCKET/KEY                    Google Cloud Storage
//   https://HOST/PATH, http://…        any web server; a query is kept and shown nowhere, since it may be a signature
//   hf://datasets/OWNER/NAME/PATH      a file of a data set of Hugging Face, as of its branch main
//
// Threads: plain functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace sluice::place {

enum class Scheme : std::uint8_t { s3, gs, web };

struct Uri {
  Scheme scheme = Scheme::web;
  std::string bucket;  // s3, gs
  std::string key;     // s3, gs: the object's name, as it is. web: path and query, as they are sent
  std::string base;    // web: "https://host[:port]"
  std::string shown;   // for people
};

// Whether `name` begins with a scheme ("x://"), so that it is no path of this machine.
bool is_remote(std::string_view name);

// `text` without its query, where it is a web address that has one.
std::string without_query(std::string_view text);

// ErrorCode::pipeline with what is wrong, and what may stand there; shows no query and no password.
core::Result<Uri> parse_uri(std::string_view text);

}  // namespace sluice::place
