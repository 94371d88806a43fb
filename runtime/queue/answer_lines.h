// What targets of queues have in common: a line of the answers as what is put, and where they end as text.
//
// Threads: one; the functions any.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "format/record_target.h"
#include "queue/queues.h"

namespace sluice::queue {

struct Answer {
  std::string key;   // the row's, as text; empty: none
  std::string text;  // the line, or of it what is to be put
};

class AnswerLines {
 public:
  // `target` must outlive it.
  explicit AnswerLines(const Target& target) : target_(target) {}
  core::Result<Answer> read(std::string_view line);

 private:
  const Target& target_;
  simdjson::dom::parser parser_;
};

// "BYTES DIGEST"; nothing for a text that is not one.
std::string stand_text(const format::Stand& stand);
std::optional<format::Stand> read_stand(std::string_view text);

}  // namespace sluice::queue
