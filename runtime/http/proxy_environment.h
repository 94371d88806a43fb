// Which proxy the environment names for an origin, by the conventions that curl and others share:
//
//   https origins   HTTPS_PROXY or https_proxy, else ALL_PROXY or all_proxy
//   http origins    http_proxy, else ALL_PROXY or all_proxy. HTTP_PROXY in capitals is not looked
//   at:
//                   under CGI it is what a client sent as the header "Proxy".
//   neither         for what NO_PROXY or no_proxy lists, and for this machine's own addresses
//
// Of two spellings the lower-case one wins. Empty is the same as not set.
//
// Threads: pure functions, but for process_environment().
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "http/proxy.h"
#include "http/url.h"

namespace sluice::http {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// The process's own.
std::optional<std::string> process_environment(const std::string& name);

// The proxy on the way to `base_url`, if any. `setting` is what the user said of it: a proxy's URL,
// "none", or nothing, which leaves it to the environment. ErrorCode::pipeline for one that cannot
// be used: names the variable, never its value.
core::Result<std::optional<Proxy>> proxy_for(std::string_view base_url, std::string_view setting,
                                             const Environment& environment);

// Does the list (separated by commas or spaces) take this origin out? Its items: "*"; a name, which
// stands for itself and all below it, with or without a dot in front; an address; a block of
// addresses "10.0.0.0/8", "fd00::/8". A name or an address may carry ":port" (IPv6 in brackets).
bool is_listed(const Url& url, std::string_view list);

// "localhost", what ends in ".localhost", 127.0.0.0/8, ::1.
bool is_this_machine(const Url& url);

}  // namespace sluice::http
