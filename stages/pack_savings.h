// What packs have saved against single requests: how many requests, and how many input tokens.
//
// A single request would have carried the frame of single requests (system text, and the schema of
// one answer), and the row's text; a pack carries its own frame (the same, with the instruction for
// packs and the schema of all answers), the rows' texts, and a line around each. How many tokens a
// frame takes is not told, nor whether a service counts the schema: so tokens are fitted to the
// packs' bytes by least squares, tokens = frame + slope · content, as soon as packs differ enough.
// Before that the schema is taken not to count.
//
// Rows without an answer have cost their share of a pack and saved nothing. Of a reply without a count of
// tokens, and of one to a content that is not at hand (a batch's), the requests alone are counted.
//
// Threads: any; a mutex guards the state.
#pragma once

#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

#include "stages/question.h"
#include "stages/spec.h"

namespace sluice::stages {

// Of all requests, in bytes.
struct FrameBytes {
  std::size_t system = 0;
  std::size_t schema = 0;  // sent as a schema; one that is told in words is part of the system text
};

// One reply to a pack.
struct PackedReply {
  std::uint32_t endpoint = 0;
  std::uint64_t content_bytes = 0;  // of the user message, as JSON; 0: not known
  std::uint64_t input_tokens = 0;   // 0: not known
  std::uint64_t rows_answered = 0;
  std::uint64_t single_bytes = 0;  // of the user messages that these rows would have had
};

// Of each endpoint.
std::vector<FrameBytes> frame_bytes(const PipelineSpec& spec, const Question& question);

class PackSavings {
 public:
  // `packed` and `single`: by endpoint.
  PackSavings(std::vector<FrameBytes> packed, std::vector<FrameBytes> single);

  void add(const PackedReply& reply);

  // Negative: packs have cost more than single requests would have.
  struct Saved {
    std::int64_t requests = 0;
    std::int64_t tokens = 0;
  };
  Saved saved() const;

 private:
  struct Sums {
    FrameBytes packed;
    FrameBytes single;
    double replies = 0;
    double rows = 0;
    double single_bytes = 0;
    double x = 0, y = 0, xx = 0, xy = 0;  // content bytes and input tokens
  };
  static double tokens_saved(const Sums& sums);

  mutable std::mutex mutex_;  // guards what follows
  std::vector<Sums> endpoints_;
  std::int64_t requests_ = 0;
};

}  // namespace sluice::stages
