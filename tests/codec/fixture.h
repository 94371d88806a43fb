// Reads tests/codec/fixtures/*.md: prose for people, and cases for the test. A case is a heading
// of the second level, a block with a response as it comes off the wire, and a block with what the
// codec must make of it:
//
//   ## Name of the case
//   ```response openai https://api.openai.com/v1 api=responses     (a constructor, and where they
//                                    matter, a base_url, an api=, a model= and a tier=)
//   HTTP/1.1 200
//   name-of-header: value
//
//   body
//   ```
//   ```reply
//   action: none
//   …
//   ```
#pragma once

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "codec/registry.h"

namespace sluice::codec {

struct Fixture {
  std::string name;
  std::string constructor;  // "openai": as s.openai names it
  std::string base_url;     // empty: that constructor's own
  std::string api;          // EndpointSpec::api
  std::string model = "m";
  std::string tier;  // EndpointSpec::service_tier
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string expected;

  friend void PrintTo(const Fixture& fixture, std::ostream* out) { *out << fixture.name; }
};

// Every case of every file below `directory`, in order. Throws std::runtime_error on a file that
// does not keep to the form.
std::vector<Fixture> read_fixtures(const std::string& directory);

// What the codec makes of the response, in the words of a reply block: all of it, so that nothing
// can change unseen. The clock stands at 2026-01-01T00:00:00Z, the key is "sk-test-1234567890".
std::string reply_text(const Fixture& fixture);

}  // namespace sluice::codec
