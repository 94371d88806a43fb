// How many rows a request takes: as many as the pipeline allows, as long as the models answer them
// all. Learned from what came back.
//
// The control law. Packs are counted in windows: a window ends when kWindowPacks packs of the
// present size have come back. Of the rows asked in it,
//   more than kMostLost without an answer of their own     the size becomes 3/4
//   fewer than kFewLost                                    the size grows by an eighth, to the lid
// and a new window begins. Packs that were made at another size teach nothing, so that a burst of
// old ones does not shrink it twice. A lost row costs its asking again: at 10 % lost, a pack of 20
// still saves 17 of 20 requests, so a bad reply in a while, or a poison row, changes nothing.
//
// Beside that, the answers expected of a pack stay below a bound in output tokens: by the mean that
// a row took so far, from kFirstTokens on.
//
// Threads: any; a mutex guards the state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

namespace sluice::stages {

class PackSize {
 public:
  static constexpr int kWindowPacks = 32;
  static constexpr double kMostLost = 0.10;
  static constexpr double kFewLost = 0.02;
  static constexpr double kFirstTokens = 64;  // an answer of a few short fields
  static constexpr double kMemory = 64;       // packs that the mean looks back on

  // `most` rows at most; `output_tokens`: of all its answers together.
  explicit PackSize(int most, std::optional<int> output_tokens = {});

  struct Size {
    int rows = 1;
    std::uint32_t epoch = 0;  // for answered()
  };
  Size now() const;

  // A pack of rows that were asked for the first time came back, `answered` of its rows with an
  // answer of their own.
  struct Reply {
    std::size_t asked = 0;
    std::size_t answered = 0;
    std::uint64_t output_tokens = 0;
    std::uint32_t epoch = 0;
  };
  void answered(const Reply& reply);

 private:
  int bound_by_output() const;  // with mutex_ held

  const int most_;
  const std::optional<int> output_tokens_;
  mutable std::mutex mutex_;  // guards what follows
  int rows_;
  std::uint32_t epoch_ = 0;
  int packs_ = 0;  // of this window
  std::size_t asked_ = 0;
  std::size_t lost_ = 0;
  double tokens_per_row_ = kFirstTokens;
  double packs_seen_ = 0;
};

}  // namespace sluice::stages
