// Brings the rows of a line of a batch together again, so that its reply can be read as that of the
// request it was. Rows come in the order of the input; a line's rows stood together there, so few
// lines are open at a time.
//
// Threads: one call at a time (the pack stage's).
//
// Invariants:
//   1. Each row that is added comes out once: in a completion, to be asked, or rejected.
//   2. No more than `most` rows wait for others of their line: then the oldest line goes without them.
//      Those that come later are read from the same reply.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/reject.h"
#include "stages/item.h"
#include "stages/parked_replies.h"

namespace sluice::stages {

class ReplyGroups {
 public:
  struct Out {
    Completions completions;
    Items to_ask;               // the reply was of no use, and may be another time
    std::vector<Items> halves;  // too large for its endpoint
    std::vector<std::pair<Item, core::Reject>> rejected;
  };

  ReplyGroups(ParkedReplies& replies, std::size_t most) : replies_(replies), most_(most) {}
  core::Status add(Item&& item, const ParkedReplies::Found& found, Out& out);
  // All that wait.
  core::Status flush(Out& out);
  bool empty() const { return groups_.empty(); }

 private:
  struct Group {
    std::vector<core::Hash128> questions;
    std::vector<std::pair<std::uint32_t, Item>> items;  // with their positions
    std::uint32_t batches = 0;
  };
  core::Status close(std::uint64_t line, Group&& group, Out& out);

  ParkedReplies& replies_;
  const std::size_t most_;
  std::map<std::uint64_t, Group> groups_;  // by line
  std::size_t waiting_ = 0;
};

}  // namespace sluice::stages
