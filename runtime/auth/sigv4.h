// AWS Signature Version 4: proves by a hash over the request that the caller has a secret key, which
// itself is never sent (docs/providers.md, Bedrock). Pure: no I/O, no clock.
//
// Threads: plain functions, any thread; a SigV4 is used by one thread.
//
// Invariants:
//   1. Signed are the host, the date, the session token, the body and the headers that the caller
//      names; nothing that a proxy on the way may change.
//   2. Method, path and query are signed as they are written: the caller percent-encodes them once.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/credentials.h"
#include "auth/token_source.h"
#include "core/clock.h"
#include "core/secret.h"

namespace sluice::auth {

struct SigningScope {
  std::string region;   // "us-east-1"
  std::string service;  // "bedrock"
  // S3 signs the path as it is written; all others normalise it and percent-encode it once more.
  bool path_as_written = false;
  bool sends_body_hash = false;  // as x-amz-content-sha256, which S3 wants
};

class SigV4 {
 public:
  explicit SigV4(SigningScope scope) : scope_(std::move(scope)) {}

  // The header lines to add to the request, each ended by CRLF: x-amz-date, x-amz-security-token
  // (with a session), x-amz-content-sha256 (where it is sent) and authorization. `headers`: those of
  // the request that are signed as well; never Host, and none that a proxy changes.
  std::string lines(const Token& keys, const RequestView& request,
                    std::span<const SigningHeader> headers, core::WallTime now);

 private:
  SigningScope scope_;
  // The key of a day, which four hashes make, and what it was made of.
  std::string day_;
  std::string secret_;
  std::string day_key_;
};

// Lower-case hexadecimal SHA-256 of the pieces, one after the other.
std::string body_hash(std::span<const std::shared_ptr<const std::string>> body);

// What an Authorization header claims. For servers: the mock, and tests.
struct SignatureClaim {
  std::string key_id;
  std::string day;  // "20260101"
  std::string region;
  std::string service;
  std::vector<std::string> signed_headers;  // in lower case
  std::string signature;
};
// nullopt when it is not a signature of this kind.
std::optional<SignatureClaim> read_signature(std::string_view authorization);

// Whether the holder of `secret` has signed this request. `headers`: all of the request's, Host and
// x-amz-date among them. False too where a header is missing that must be signed (host, x-amz-date,
// and x-amz-security-token and x-amz-content-sha256 where they are sent), and where the claim's day
// is not that of x-amz-date. How old the date may be is for the caller to say.
bool sigv4_fits(const SignatureClaim& claim, const core::Secret& secret, bool path_as_written,
                const RequestView& request, std::span<const SigningHeader> headers);

}  // namespace sluice::auth
