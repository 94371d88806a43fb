// How the end of a run is posted to an address of the user's: what is sent, how it is signed, and when it is sent again.
// Pure: no I/O, no clock. deliver.h sends.
//
// The scheme is that of Standard Webhooks 1.0 (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md,
// read in November 2026), for which there are libraries in most languages:
//   webhook-id          names the message; the same however often it is sent
//   webhook-timestamp   Unix seconds of this attempt
//   webhook-signature   "v1," and the base64 of HMAC-SHA256 over "ID.TIMESTAMP.BODY"
// A secret is written "whsec_" and the base64 of the key. 2xx is success; redirections are not followed.
//
// Threads: plain functions, any thread.
//
// Invariant: no message and no text for people has more of the address than its scheme and host: with some services the
// path is the secret.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/error.h"
#include "core/secret.h"

namespace sluice::notify {

struct Address {
  std::string origin;     // "https://host[:port]": all that may be shown
  std::string target;     // "/path?query"
  bool in_clear = false;  // plain HTTP to another machine than this
};

// Of "https://…" or "http://…", with any path and query. ErrorCode::pipeline for anything else.
core::Result<Address> parse_address(std::string_view text);

struct Webhook {
  Address address;
  std::string key;  // signs; empty: unsigned
};

// The bytes that sign: what "whsec_" and base64 stands for; any other secret as it is. ErrorCode::pipeline where base64
// does not follow "whsec_".
core::Result<std::string> signing_key(const core::Secret& secret);

struct Message {
  std::string id;    // "msg_…", without a dot
  std::string body;  // JSON
};

// "v1,…"
std::string signature_of(std::string_view key, const Message& message, std::int64_t unix_seconds);

// The lines of an attempt, each ended by CRLF: content-type, and the three of the scheme (without a key, two).
std::string header_lines(const Webhook& webhook, const Message& message, core::WallTime now);

// {"type":"sluice.run.finished","timestamp":"…","data":{…}}; `data` is JSON.
std::string payload(std::string_view type, core::WallTime time, std::string_view data);

struct Patience {
  int attempts = 5;
  core::Duration first_delay = std::chrono::seconds(1);  // doubled after each attempt
  core::Duration most_asked = std::chrono::seconds(30);  // of a wait that the server asks for
  core::Duration whole = std::chrono::seconds(60);  // from the first attempt's begin to the end
  core::Duration connect = std::chrono::seconds(5);
  core::Duration one = std::chrono::seconds(15);  // attempt
};

// 408, 429 and 5xx.
bool is_passing(int status);

// What an answer's Retry-After asks for: seconds, or a date.
std::optional<core::Duration> asked_wait(std::string_view retry_after, core::WallTime now);

// Before the attempt that follows the `attempts` that have failed in a way that passes; nullopt when there is none: all
// were made, or it would begin after the whole time.
std::optional<core::Duration> next_delay(const Patience& patience, int attempts,
                                         core::Duration elapsed,
                                         std::optional<core::Duration> asked);

}  // namespace sluice::notify
