// How a token server is asked, and what it answers (RFC 6749 §4.4, §5): Google's, Microsoft's, and the metadata servers
// of both.
//
// Threads: plain functions, any thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/token_source.h"

namespace sluice::auth {

// A call with these fields as application/x-www-form-urlencoded.
TokenCall form_call(std::string base_url, std::string path,
                    std::initializer_list<std::pair<std::string_view, std::string_view>> fields);

// Where an answer comes from, for what is said about it.
struct TokenServer {
  std::string name;                   // "oauth2.googleapis.com"
  std::string advice;                 // what to do when it refuses; may be empty
  std::vector<core::Secret> secrets;  // what it was sent, and may quote back
};

// "oauth2.googleapis.com" of "https://oauth2.googleapis.com".
std::string server_name(std::string_view base_url);

// As TokenSource::answered(). Without expires_in the token is used until a server refuses it. Asking again helps after
// 408, 429, 5xx, an error that says so, or what is not a token server's answer; a refused grant names the machine's
// clock where that is off by more than kClockSlack.
TokenStep read_token(const TokenServer& server, int status, std::string_view body,
                     std::string_view date, core::WallTime now);

// What token servers forgive.
constexpr core::Duration kClockSlack = std::chrono::minutes(5);

}  // namespace sluice::auth
