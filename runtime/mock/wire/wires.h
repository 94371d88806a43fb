// The one list of the calls that the mock answers, and the way from a request to its call.
//
// Threads: the list is constant data; a Reader belongs to one.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wire/wire.h"

namespace sluice::wire {

// The target without its query.
std::string_view path_of(const http::ServerRequest& request);
// "%41" as "A".
std::string decoded(std::string_view text);
// Whether `path` fits a pattern, and what it has in the places of the pattern's braces, each within one
// segment and not empty: decoded, appended to `in_path`.
bool path_fits(std::string_view pattern, std::string_view path, std::vector<std::string>& in_path);

// In this order they are asked whether a request is theirs.
std::span<const Wire* const> wires();

// A request that no call takes, and whose error says so.
struct Refused {
  const Service* service = nullptr;
  Refusal refusal;
};

class Reader {
 public:
  struct Found {
    const Wire* wire = nullptr;
    std::vector<std::string> in_path;
    Element body;  // lives until the next find(); of a GET: null
  };
  // By method and path, then by what several calls of one path tell them apart. Says why none
  // takes the request: no such path, another method, a body that is not JSON.
  std::expected<Found, Refused> find(const http::ServerRequest& request);

  // What the request asks for, or the first thing that is wrong with it.
  static std::expected<Asked, Refusal> read(const Found& found, const http::ServerRequest& request);

 private:
  simdjson::dom::parser parser_;
};

// Whose errors a path gets: of the calls, or by how it begins.
const Service& service_of(const http::ServerRequest& request);

}  // namespace sluice::wire
