// Who may ask the listener what. A browser on this machine can be made to ask it by any page that a person opens: so a
// request must name the listener as its host (a page of another name that was made to resolve to 127.0.0.1 does not),
// and what changes the job needs a token that such a page does not have.
//
// Threads: plain values and functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/secret.h"

namespace sluice::listen {

struct Address {
  std::string host;  // without brackets
  int port = 0;
};
// "127.0.0.1:9464", "[::1]:9464", "localhost:0", ":9464" and "9464" (both of 127.0.0.1). ErrorCode::usage.
core::Result<Address> parse_address(std::string_view text);
// What only this machine can reach: 127.0.0.0/8, ::1, localhost.
bool is_loopback(std::string_view host);

class Gate {
 public:
  // ErrorCode::usage where the address is not of loopback and there is no token, or the token is not one that can be
  // sent in a header or is shorter than kLeastToken.
  static constexpr std::size_t kLeastToken = 16;
  static core::Result<Gate> make(const Address& address, core::Secret token);

  enum class Refusal : std::uint8_t { none, host, token, control_off };
  // `host`, `authorization`: of the request's headers; empty where there are none. `changes`: the job.
  // `open`: it shows nothing of the job.
  Refusal ask(std::string_view host, std::string_view authorization, bool changes, bool open) const;

  bool control() const { return !token_.empty(); }
  bool token_needed() const { return !loopback_; }

 private:
  bool names_loopback(std::string_view host) const;
  bool has_token(std::string_view authorization) const;
  bool loopback_ = true;
  core::Secret token_;
};

}  // namespace sluice::listen
