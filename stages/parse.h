// From a reply's text to answers: read it, match each answer to its row by id (never by place),
// check it against the declared fields, hand it to the pipeline's parse function. What is good is
// kept; what is missing or does not fit is asked again, a bounded number of times, then rejected
// with its history.
//
// Threads: immutable; run() from any number of workers at once.
//
// Invariants:
//   1. Every item of a completion ends in exactly one of Out::results.entries, Out::again and
//      Out::halves.
//   2. An answer is given to the row whose id it carries, or to none (salvage.h).
//   3. Each asking again either halves the pack that the row stands in or uses up one of `retries`.
//      A row that stands alone at last has used up one for each pack that failed with it.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

#include "stages/item.h"
#include "stages/output_line.h"
#include "stages/pack_savings.h"
#include "stages/pack_size.h"
#include "stages/question.h"
#include "stages/spec.h"
#include "store/records.h"

namespace sluice::stages {

class Parser {
 public:
  // All must outlive this. `models[i]` is endpoint i's model_identity().
  Parser(const PipelineSpec& spec, const Question& question, const LineWriter& lines,
         std::vector<std::string> models);

  struct Out {
    store::Results results;  // settlements and entries, to be committed together
    flow::Cost ended;        // the credits of the entries
    std::vector<std::pair<core::Hash128, core::Reject>>
        rejected;  // of the entries: question and why
    Items again;   // without an answer of their own
    // Of packs whose reply was of no use, down to rows that stand alone: each is asked as it is.
    std::vector<Items> halves;
    // What packs took, and what single requests would have.
    std::vector<PackedReply> packed;
    std::uint64_t single_bytes = 0;      // PackedReply's, of all together
    std::vector<PackSize::Reply> packs;  // what the packs of untried rows brought
  };
  Out run(Completions&& completions) const;

 private:
  struct Failed {  // why a row has no answer yet
    std::string reason;
    std::string detail;
  };
  void read(Completion& completion, Out& out) const;
  void read_text(Completion& completion, Out& out) const;
  void read_one(Completion& completion, Out& out) const;
  void read_pack(Completion& completion, Out& out) const;
  void read_vectors(Completion& completion, Out& out) const;
  // Each ends the row, or has it asked again: take_answer() once the checks are passed, give() with
  // what the parse function makes of the answer's members, in their declared order.
  void take_answer(Item& item, const simdjson::dom::object& object, const Completion& completion,
                   Out& out) const;
  void give(Item& item, const std::string& members, const Completion& completion, Out& out) const;
  void pack_failed(Completion& completion, const Failed& failed, bool final, Out& out) const;
  void row_failed(Item&& item, Failed failed, bool alone, Out& out) const;
  void answered(const Item& item, std::string_view members, const Completion& completion,
                Out& out) const;
  void end(const Item& item, store::Entry entry, Out& out) const;
  void reject(Item&& item, Failed failed, Out& out) const;

  const PipelineSpec& spec_;
  const Question& question_;
  const LineWriter& lines_;
  std::vector<std::string> models_;
};

}  // namespace sluice::stages
