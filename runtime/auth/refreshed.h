// Credentials of a token that expires: fetched before the first request, again before it expires,
// and when a server refuses it.
//
// Threads: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "auth/credentials.h"
#include "auth/token_source.h"
#include "net/loop.h"

namespace sluice::auth {

// Header lines for one request, each ended by CRLF, in addition to those that all have.
using Signer =
    std::function<std::string(const Token& token, const RequestView& request, core::WallTime now)>;

// "authorization: Bearer …".
std::string bearer_lines(const Token& token, const RequestView& request, core::WallTime now);

struct RefreshedSetup {
  net::Loop& loop;
  const core::Clock& clock;
  std::unique_ptr<TokenSource> source;
  Signer signer = bearer_lines;
  // The signature is that of one request; else its lines are made once a token.
  bool per_request = false;
  std::string head;  // the header lines that all requests have
  // For the exchange, as the endpoint's.
  std::string ca_file;
  core::Secret proxy = {};
};

std::unique_ptr<Credentials> make_refreshed(RefreshedSetup setup);

// A token is used until so long before it expires (Google's own library: 3 min 45 s), and of a
// short-lived one until a quarter of its life is left.
constexpr core::Duration kRefreshBefore = std::chrono::seconds(225);
// For one request of the exchange.
constexpr core::Duration kTokenTimeout = std::chrono::seconds(20);

}  // namespace sluice::auth
