// What a test says that the provider replies to one row, and a provider's reply made of it.
//
// In a test file a reply is
//   an answer       { queue = "billing" }; where the pipeline declares none: text; where it embeds:
//                   the vector, { 0.5, -0.25 }
//   raw text        "no JSON at all", or { raw = "…" }: the whole reply of the request
//   a failure       { status = 429, retry_after = 5, body = "…" } or { error = "timeout" }
//   nothing         false: the reply leaves this row out
// An answer with a column of the name `status`, `error`, `raw` or `fail` is an answer; a failure is
// then written { fail = { status = 429 } }.
//
// Threads: plain values.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "provider/codec.h"
#include "stages/question.h"

namespace sluice::rehearse {

struct Reply {
  enum class Kind : std::uint8_t { answer, missing, text, status, error };
  Kind kind = Kind::answer;
  std::string text;  // answer: a JSON object; text: the reply; status: the body; error: its name
  int status = 0;
  std::optional<std::uint64_t> retry_after;                                     // seconds
  bool whole() const { return kind != Kind::answer && kind != Kind::missing; }  // of the request
};

// The error is what is wrong with it, for a person.
std::expected<Reply, std::string> read_reply(const simdjson::dom::element& value,
                                             const stages::Question& question);

// The provider's reply for a failure. `codec` reads the status as it would read it off the wire.
provider::Reply failed_reply(const Reply& reply, const provider::Codec& codec,
                             core::WallTime wall_now);

// The words that `error` takes, with commas between.
std::string_view error_words();

}  // namespace sluice::rehearse
