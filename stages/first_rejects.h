// Whether a job's first rows all fail alike before anything is asked: then the pipeline file or the
// input is wrong, not the rows, and the run ends at once, with none of them rejected.
//
// Problem: a key field that no row has makes a reject of every row, and a job that has "finished".
// So the rejects of the first rows are held back until a row passes, or one fails otherwise, or
// enough of them were seen. Batches come in any order; the verdict is that of the input's order.
//
// Threads: one at a time (the pack node's). Pure.
//
// Bounds: what is held has its credits; beyond kMostBytes, or kMostStalledBytes while the reader
// waits, it is let pass.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "stages/item.h"

namespace sluice::stages {

class FirstRejects {
 public:
  static constexpr std::size_t kRows = 100;
  static constexpr std::size_t kMostBytes = 64 * 1024 * 1024;

  static constexpr std::size_t kMostStalledBytes = 1024 * 1024;

  // A single row says nothing, unless it cannot be read.
  static constexpr std::size_t kLeastRows = 2;

  // `watch`: whether to hold any back at all. `only`: a constant; where it is not empty, those of this
  // reason alone. A job that has answers is watched for files that are gone: the answers of its rows
  // would leave the output.
  explicit FirstRejects(bool watch = true, std::string_view only = {})
      : watching_(watch), only_(only) {}

  // Takes batch `number`, from 1; returns the items that go on their way, in the input's order.
  Items add(std::uint64_t number, Items&& items);
  // No row comes for now, perhaps because what is held takes the room: much of it is let pass.
  Items stalled();
  // All batches were added. `complete`: they are the whole input.
  Items end(bool complete);

  // All of the first rows fail alike: for people, "all of the first 100 rows fail alike (no_key in
  // read): in.jsonl:1: …". What was held is in held(), and nothing is returned any more.
  const std::optional<std::string>& alike() const { return alike_; }
  Items held() { return std::move(held_); }

 private:
  bool differs(const Item& item) const;
  Items let_pass();
  void decide();

  bool watching_;
  std::string_view only_;
  std::optional<std::string> alike_;
  std::uint64_t next_ = 1;
  Items held_;                              // in order, all alike
  std::map<std::uint64_t, Items> waiting_;  // for batches before them
  std::size_t bytes_ = 0;
};

}  // namespace sluice::stages
