// Who may call: a key of the options, tokens that this server has issued and that expire, AWS
// signatures. It also is the token servers that clouds have: an OAuth token endpoint, Google's
// metadata server, AWS's instance metadata. No I/O, no clock.
//
//   POST /token                                  a signed JWT for a token (RFC 7523)
//   GET  /computeMetadata/v1/…/token             Google's metadata server
//   PUT  /latest/api/token, GET /latest/meta-data/iam/security-credentials/…
//                                                AWS's, version 2
//
// Threads: one.
//
// Bound: kMostIssued tokens; then the oldest are forgotten, as if they had expired.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "auth/sigv4.h"
#include "core/clock.h"
#include "core/secret.h"
#include "http/server.h"
#include "mock/options.h"
#include "wire/service.h"

namespace sluice::mock {

class Access {
 public:
  explicit Access(const Options& options);

  // What a token server answers; nullopt = the path is none of theirs.
  std::optional<http::ServerResponse> token_server(const http::ServerRequest& request,
                                                   core::WallTime wall_now);

  // Why a call is not let in; nullopt = it is.
  std::optional<wire::Refusal> refusal(const wire::Service& service,
                                       const http::ServerRequest& request,
                                       core::WallTime wall_now) const;

  static constexpr std::size_t kMostIssued = 10'000;
  static constexpr std::string_view kBearerPrefix = "ya29.mock-";

 private:
  struct Issued {
    core::Secret secret;   // that signs; empty for a bearer
    core::Secret session;  // sent beside the signature
    core::WallTime expires;
  };
  // "PREFIX-0123456789abcdef", another one each time.
  std::string issue(std::string_view prefix, Issued issued);
  const Issued* issued(std::string_view name) const;

  http::ServerResponse oauth(const http::ServerRequest& request, core::WallTime wall_now);
  http::ServerResponse google_metadata(const http::ServerRequest& request, std::string_view path,
                                       core::WallTime wall_now);
  http::ServerResponse aws_metadata(const http::ServerRequest& request, std::string_view path,
                                    core::WallTime wall_now);
  std::string bearer_reply(core::WallTime wall_now);

  std::optional<wire::Refusal> signature_refusal(std::string_view authorization,
                                                 const http::ServerRequest& request,
                                                 core::WallTime wall_now) const;
  std::optional<wire::Refusal> bearer_refusal(const wire::Service& service,
                                              const wire::Credential& credential,
                                              core::WallTime wall_now) const;

  core::Secret key_;
  std::map<std::string, core::Secret, std::less<>> aws_keys_;
  std::optional<core::Duration> life_;
  std::uint64_t seed_;
  std::uint64_t number_ = 0;
  std::map<std::string, Issued, std::less<>> issued_;
  std::deque<std::string> order_;
};

}  // namespace sluice::mock
