// A request as it is sent, for a person to see: address, headers and body, with what proves who asks
// masked. Host, Content-Length and Accept-Encoding, which the HTTP client adds, are left out.
//
// Threads: any; pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/secret.h"
#include "dispatch/endpoint.h"
#include "stages/item.h"

namespace sluice::inspect {

struct RequestText {
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // JSON; of each file only the beginning, with its size
};

// `request` has been built (stages/pack.h).
RequestText request_text(const provider::EndpointSpec& spec, const dispatch::Endpoint& endpoint,
                         const stages::Request& request);

// Fields of an object that is open: "method", "url", "headers", "body".
void write_request(core::JsonWriter& w, const RequestText& request);

// `text` with "***" for the key. One of fewer than 8 characters is no secret (provider/failure.h),
// and stands in every text.
std::string masked(std::string_view text, const core::Secret& key);

// What a row is called: its key as JSON, without one the start of the row.
std::string row_name_of(const core::Row& row);
// A row's name as a JSON value: a key as it is, the start of a row as a text.
std::string json_name(std::string_view name);

}  // namespace sluice::inspect
