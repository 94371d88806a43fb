// How many rows a request takes: as many as the pipeline allows, as long as the models answer them
// all. Learned from what came back.
//
// The control law. Packs are counted in windows: a window ends when kWindowPacks packs of the
// present size have come back. With n rows a pack, of which a share p is lost, an answered row
// costs (kFrameRows + n) / (n·(1 - p)): its share of the system text, which weighs about as much as
// kFrameRows rows, and of what was asked in vain.
//
//   STEADY ── p < kFewLost ──► an eighth more, to the cap
//      │ ──── p > kMostLost ──► TRIAL at 3/4 of the size
//      │ ──── else, below the cap ──► TRIAL at 4/3 of it
//   TRIAL ─── a row costs clearly less than before ──► STEADY, at the new size
//      │ ──── it does not ──► STEADY at the old size, and no trial of this kind for kRest windows,
//             twice as many after each one in vain
//
// So a model that answers only so many rows gets so many, while bad replies and poison rows, which
// spoil small packs as well, change nothing. Packs that were made at another size teach nothing.
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
  static constexpr int kWindowPacks = 64;
  static constexpr double kFrameRows = 10;
  static constexpr double kClearlyLess = 0.95;
  static constexpr double kMostLost = 0.10;
  static constexpr double kFewLost = 0.02;
  static constexpr int kRest = 8;
  static constexpr int kLongestRest = 256;
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
  // With mutex_ held:
  int bound_by_output() const;
  void learn(double lost);
  void end_trial(double cost);
  void try_size(int rows, double cost);

  const int most_;
  const std::optional<int> output_tokens_;
  mutable std::mutex mutex_;  // guards what follows
  int rows_;
  std::uint32_t epoch_ = 0;
  int packs_ = 0;  // of this window
  std::size_t asked_ = 0;
  std::size_t lost_ = 0;
  struct Trial {
    int rows_before = 1;
    double cost_before = 0;
  };
  std::optional<Trial> trial_;
  // Windows until a trial of less, or of more, may come; and how many after the next in vain.
  struct Rest {
    int left = 0;
    int next = kRest;
  };
  Rest less_;
  Rest more_;

  double tokens_per_row_ = kFirstTokens;
  double packs_seen_ = 0;
};

}  // namespace sluice::stages
