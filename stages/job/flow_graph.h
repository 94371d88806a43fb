// The flow's oneTBB graph: what runs where, and in which order.
//
//   rows ──▶ prepare ──▶ pack ──▶ build ──▶ dispatch        completed ──▶ parse
//            parallel    serial   parallel
//
// Problem: no exception may be lost in it. One that leaves a node's body, or that oneTBB itself
// throws for want of memory, cancels the graph in silence, and whoever waits for the rows in it
// waits for ever. So bodies run guarded (flow/shutdown.h), and broken() tells of the rest.
//
// Threads: rows() from the reader's; to_pack() and completed() from any, and they may throw std::bad_alloc; all else
// on the thread that made it. Bodies run on the workers, pack's one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/row.h"
#include "flow/shutdown.h"
#include "stages/item.h"

namespace sluice::job {

// What the pack stage is sent.
struct PackInput {
  enum class Kind : std::uint8_t {
    rows,        // from the reader
    again,       // asked before, without a good answer
    half,        // of a pack whose reply was of no use
    first_half,  // the same, of the first pack of all, which others wait for (stages/pack.h)
    followers,   // their question has been answered for another row
    resumed,     // the first pack has ended
    stalled,     // no row comes for now: let none wait for company
    done,        // the last of `batches` batches has been handed over
  };
  Kind kind = Kind::rows;
  stages::Items items;
  std::uint64_t batches = 0;  // done: all of them; rows: the number of this one, from 1
};

class FlowGraph {
 public:
  struct Bodies {
    std::function<stages::Items(core::RowBatch&&, flow::Cost taken)> prepare;
    std::function<std::vector<stages::RequestPtr>(PackInput&)> pack;
    std::function<void(stages::Request&)> build;
    std::function<void(std::vector<stages::RequestPtr>&&)> dispatch;
    std::function<void(stages::Completions&)> parse;
  };
  // What a body throws fails `ending`, which must outlive this.
  FlowGraph(Bodies bodies, flow::Shutdown& shutdown);
  ~FlowGraph();

  void rows(core::RowBatch&& batch, flow::Cost taken);
  void to_pack(PackInput::Kind kind, stages::Items&& items, std::uint64_t batches = 0);
  void completed(stages::Completions&& completions);

  // oneTBB has given up: nothing that is in the graph goes on.
  bool broken() const;
  // Until no body runs and none is to run.
  void wait() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::job
