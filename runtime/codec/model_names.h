// Under which names of a price list a model may stand that a pipeline calls in its service's way:
// with a date, in another case, behind the names of gateways and vendors. For runtime/codec's own
// .cc files. A plain function, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::codec {

struct ListedName {
  std::string name;       // in lower case
  bool regional = false;  // a region's name stood before it (Bedrock), which costs a tenth more
};

// The name itself, then shorter ones; what the list has under the first of these holds.
//   "gpt-5-mini-2025-08-07", "claude-haiku-4-5@20251001", "gpt-4-0613"    a date
//   "openai/gpt-5-mini", "models/…", "publishers/google/models/…"         a path
//   "us.anthropic.claude-haiku-4-5-20251001-v1:0"                         region, vendor, version
//   "anthropic/claude-haiku-4.5"                                          a point for a dash
std::vector<ListedName> listed_names(std::string_view model);

}  // namespace sluice::codec
