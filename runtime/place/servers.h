// Which server has a file, and what proves who asks it: the one list of services.
//
// Where the machine's own credentials may go, since a pipeline file may be a stranger's:
//   - keys of AWS sign each request for the host that it goes to, and are never sent: so they sign for Amazon's own
//     hosts, for the endpoint that the environment names, and for the one that the pipeline file names;
//   - Google's tokens are sent, and whoever has one can use it: they go to Google's own host alone. For another
//     endpoint the file itself gives credentials, or nobody asks.
//
// Threads: plain functions, any thread.
#pragma once

#include <memory>
#include <string>

#include "core/error.h"
#include "http/proxy_environment.h"
#include "place/settings.h"
#include "place/uri.h"
#include "place/web.h"

namespace sluice::place {

struct Service {
  std::shared_ptr<const Server> server;
  // For people: who asks, and how another may ("credentials of s3 = { … }").
  std::string asks_as;
  std::string advice;
  std::string region;  // s3
};

// Of the bucket, or of the host, of `uri`. ErrorCode::pipeline for settings that cannot be used.
core::Result<Service> service_of(const Uri& uri, const Settings& settings,
                                 const http::Environment& environment);

}  // namespace sluice::place
