// Puts rows together into requests. Before that it lets go of what need not be asked: rows that
// ended in an earlier run, rows that a cascade's earlier level has answered, rows whose question was
// answered before, rows whose question is being asked now, or is out in a batch.
//
// Threads: one call at a time (a serial node).
//
// Invariants:
//   1. A pack has at most as many rows as PackSize says and, but for a single large row, at most
//      `tokens` estimated tokens (4 bytes each) of row text.
//   2. A row that was asked before never meets an untried one again. Those without an answer of
//      their own are packed with their like, half as many to a pack; the halves of a pack that
//      failed whole stay what they are, so that n rows with one to blame take at most 2·⌈log₂ n⌉
//      requests more.
//   3. Prompts that are embedded fill a pack by what `texts` has learned of their tokens; one that
//      may be longer than a text can be goes alone. While the first pack is out, the rows behind it
//      wait here: until resumed() there is nothing to reckon with.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "stages/item.h"
#include "stages/output_line.h"
#include "stages/pack_size.h"
#include "stages/parked_replies.h"
#include "stages/question.h"
#include "stages/reply_groups.h"
#include "stages/single_flight.h"
#include "stages/spec.h"
#include "stages/text_tokens.h"

namespace sluice::stages {

class Packer {
 public:
  Packer(const PipelineSpec& spec, checkpoint::Checkpoint& checkpoint, InFlight& in_flight,
         const LineWriter& lines, const PackSize& size, const TextTokens* texts = nullptr,
         ParkedReplies* parked = nullptr, std::size_t most_waiting = 0);
  // Before the first row: rows wait for the reply to the first pack, and resumed() is called once it
  // has come, or cannot come any more.
  void wait_for_first() { first_ = First::to_be_made; }

  struct Out {
    std::vector<RequestPtr> requests;                          // to be built and dispatched
    std::vector<store::Entry> entries;                         // ended without being asked
    std::vector<std::shared_ptr<const core::Reject>> rejects;  // of them
    Completions completions;                                   // replies that batches have brought
    Items waiting;  // in a batch that is out: they stay pending
    // Of `entries`, those that a batch has had rejected: question and why. Not among `rejects`.
    std::vector<std::pair<core::Hash128, core::Reject>> dead;
    flow::Cost ended;                     // the credits of `entries`
    flow::Cost done;                      // credits of rows that had ended in an earlier run
    std::vector<core::RowPlace> done_at;  // where these were read, of a queue
    std::size_t shared = 0;               // rows among `entries` answered by a stored answer
    std::size_t accepted = 0;  // rows with core::Row::accepted, those of earlier runs included
    void append(Out&& more);
  };
  // Rows from the reader.
  core::Result<Out> add(Items&& items);
  // Rows that waited for the answer to an equal question, which is in the checkpoint by now.
  core::Result<Out> add_followers(Items&& items);
  // Rows to be asked again; they go out at once, in packs of their own.
  Out add_again(Items&& items);
  // One half of a pack that failed: a request as it is. `first`: what waited for that pack's reply
  // waits for this one's.
  Out add_half(Items&& items, bool first = false);
  // Completes the open pack. What waits for the first one's reply goes on waiting.
  Out flush();
  // Reads the replies of lines of which not all rows have come.
  core::Result<Out> flush_replies();
  // The first pack has ended: what waited for it is packed.
  Out resumed();

 private:
  struct Open {
    Items items;
    std::size_t bytes = 0;
    std::optional<std::uint32_t> epoch = {};  // of rows that were not asked before
  };
  core::Result<bool> done_earlier(const Item& item);
  core::Result<std::optional<checkpoint::StoredAnswer>> stored_answer(const Item& item);
  core::Status ask(Item&& item, Out& out);
  core::Status ask_parked(Item&& item, const ParkedReplies::Found& found, Out& out);
  void take(ReplyGroups::Out&& groups, Out& out);
  bool goes_alone(const Item& item) const;
  void put_new(Item&& item, Out& out);
  void put(Item&& item, std::size_t rows, Open& open, Out& out);
  void close(Open& open, Out& out);

  const PipelineSpec& spec_;
  checkpoint::Checkpoint& checkpoint_;
  InFlight& in_flight_;
  const LineWriter& lines_;
  const PackSize& size_;
  const TextTokens* texts_;            // null where no prompts are embedded
  ParkedReplies* parked_;              // null where there are no batches
  std::optional<ReplyGroups> groups_;  // with parked_
  enum class First : std::uint8_t { not_waited_for, to_be_made, out };
  First first_ = First::not_waited_for;
  Items waiting_;  // for the first pack's reply
  Open open_;
  std::uint64_t next_request_ = 1;
};

// Gives the items their ids and makes the request's user content, or its reject. Heavy; any thread.
// Reads the row's files again.
void build(Request& request, bool packed);
void build(Request& request, const Question& question);

}  // namespace sluice::stages
