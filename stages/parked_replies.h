// What packing needs to know of questions that went into batches: which are out, and what came of the
// others. parked/batch_jobs.h has it; tests make it up.
//
// Threads: the pack stage's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "provider/codec.h"

namespace sluice::stages {

class ParkedReplies {
 public:
  struct Found {
    enum class Where : std::uint8_t {
      out,         // in a batch that is open: it is waited for
      replied,     // in one that was collected, with a result
      unanswered,  // in one that was collected, without
    };
    Where where = Where::out;
    std::uint64_t line = 0;      // for questions() and reply()
    std::uint32_t position = 0;  // of the question, in its line
    std::uint32_t batches = 0;   // that it stood in, and that were run to their end
  };
  struct Reply {
    std::optional<provider::Reply> reply;
    std::string why;  // there is none
    std::uint32_t endpoint = 0;
  };

  // By the latest batch that has it; nullopt: it was in none.
  virtual core::Result<std::optional<Found>> find(const core::Hash128& question) = 0;
  // Those of a line, in their order.
  virtual core::Result<std::vector<core::Hash128>> questions(std::uint64_t line) = 0;
  virtual core::Result<Reply> reply(std::uint64_t line) = 0;

 protected:
  ~ParkedReplies() = default;
};

}  // namespace sluice::stages
