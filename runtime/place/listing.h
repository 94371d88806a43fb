// The objects that a pattern names: "s3://bucket/path/*.jsonl.gz", or all below a prefix, "s3://bucket/path/".
//
// Threads: plain functions, any thread. Memory: the names, and a page of 1,000 objects.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "place/servers.h"
#include "place/uri.h"
#include "place/web.h"

namespace sluice::place {

// Whether `key` names several objects: it holds '*', '?' or '[', is empty, or ends in '/'.
bool is_pattern(std::string_view key);
// Of a key that is none: without the '\' before characters that would make it one.
std::string unescaped(std::string_view key);

// Whether a name of the input, which may be a pattern or a prefix, names the object `name` once that is there.
bool takes_in(const Uri& input, const Uri& name);

struct Listing {
  std::vector<std::string> keys;  // in byte order
  std::uint64_t bytes = 0;        // of all together
};
// As with files '*' and '?' do not reach over '/', unless the pattern has "**", and no '*' takes a '.' that begins a
// name. Below a prefix, what is empty is left out. May be empty.
core::Result<Listing> list_objects(Web& web, const Uri& uri, const Service& service,
                                   bool first_page_only = false);

}  // namespace sluice::place
