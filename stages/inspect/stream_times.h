// When the tokens of a streamed chat completion came (docs/providers.md, Chat completions): events "data: {…}", each with a
// piece of the answer or of the reasoning; the last but one with the usage.
//
// Threads: one. Bound: an event of kMostEventBytes; a longer one is passed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace sluice::inspect {

class StreamTimes {
 public:
  StreamTimes();
  ~StreamTimes();
  StreamTimes(StreamTimes&&) noexcept;

  static constexpr std::size_t kMostEventBytes = 1 << 20;

  // The next bytes of the body, split anywhere.
  void add(std::string_view bytes, core::Time now);

  const std::optional<core::Time>& first() const { return first_; }  // piece of text
  core::Time last() const { return last_; }                          // the same
  std::uint64_t pieces() const { return pieces_; }
  // Of the usage, where the stream reported it; else 0.
  std::uint64_t input_tokens() const { return input_; }
  std::uint64_t cached_tokens() const { return cached_; }
  std::uint64_t output_tokens() const { return output_; }
  bool done() const { return done_; }  // "[DONE]" has come

 private:
  void take_line(std::string_view line, core::Time now);

  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::string line_;  // that has not ended
  bool too_long_ = false;
  std::optional<core::Time> first_;
  core::Time last_{};
  std::uint64_t pieces_ = 0;
  std::uint64_t input_ = 0;
  std::uint64_t cached_ = 0;
  std::uint64_t output_ = 0;
  bool done_ = false;
};

}  // namespace sluice::inspect
