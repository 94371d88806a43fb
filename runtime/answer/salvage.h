// From a model's reply to the answers in it that are certain, however the reply is wrapped, cut or
// decorated. tests/answer/salvage.md says with examples what is read and what is not.
//
// Threads: plain functions, any. What they return lives in `parser`, until its next use.
//
// Invariants:
//   1. An answer is given to a row only if that row's id is the one "id" member of the entry's own
//      object, or the key that the entry stands under. No place, order or nested object counts.
//   2. What allows two readings gives no answer: the row can be asked again, a wrong answer stays.
//   3. Linear in the reply, with bounded recursion. A reply that is nothing but a list of entries
//      is parsed once.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::answer {

struct Salvaged {
  struct Found {
    std::size_t row = 0;           // place of the id in `ids`
    simdjson::dom::object object;  // with its "id", if it has one
  };
  std::vector<Found> answers;            // by row, each at most once
  std::vector<std::size_t> conflicting;  // rows with two different entries: answered by neither
  std::size_t unknown_id = 0;            // entries with an id that was not asked
  std::size_t missing_id = 0;            // objects in an entry's place without one readable id
  std::size_t unusable = 0;  // entries that are not JSON, have a member twice, or only their id
  bool truncated = false;    // the reply ends inside a value
  bool extra_text = false;   // something had to be passed over to get at the values
};

// The answers of a pack's reply. `ids`: those that were asked for, each different.
Salvaged salvage(std::string_view reply, std::span<const std::string> ids,
                 simdjson::dom::parser& parser);

// The one object that answers a single row, if it is certain which.
std::optional<simdjson::dom::object> salvage_object(std::string_view reply,
                                                    simdjson::dom::parser& parser);

}  // namespace sluice::answer
