// The parts of a run, and what runs between them. run_wiring.cc joins the parts; run.cc has the
// nodes' bodies and the run's course. Private to these two.
//
// Threads: said at each member; what says nothing is set before the run begins.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

#include "flow/activity.h"
#include "flow/credits.h"
#include "flow/shutdown.h"
#include "job/flow_graph.h"
#include "job/run.h"
#include "parked/batch_jobs.h"
#include "stages/first_rejects.h"
#include "stages/flow_limits.h"
#include "stages/key_tally.h"
#include "stages/output_line.h"
#include "stages/pack.h"
#include "stages/parse.h"
#include "stages/prepare.h"
#include "stages/question.h"
#include "stages/reader.h"
#include "stages/single_flight.h"
#include "stages/text_tokens.h"

namespace sluice::job {

class FlowRun final : public Run {
 public:
  FlowRun(const stages::PipelineSpec& spec, const RunOptions& options)
      : spec_(spec),
        options_(options),
        question_(stages::make_question(spec)),
        lines_(spec, question_.answer_names()),
        pack_size_(spec.pack.rows, stages::output_bound(spec)),
        credits_(stages::credit_limit(spec), [this] { all_back_.release(); }) {}

  core::Status open();
  const checkpoint::Checkpoint::Opened& opened() const override { return checkpoint_->opened(); }
  core::Result<RunResult> run() override;
  void stop(std::string why) override { shutdown_.stop(std::move(why)); }
  void stop_at_once(std::string why) override {
    dispatcher_->withhold();
    shutdown_.stop(std::move(why));
  }
  void pause(bool paused) override {
    if (batches_) batches_->pause(paused);
    dispatcher_->pause(paused);
  }
  void set_budget(core::Money budget) override { dispatcher_->set_budget(budget); }
  Progress progress() const override;
  bool only_waits() const override {
    return activity_.rests(
        [this] { return (!reading_ || credits_.waited_for()) && dispatcher_->all_taken(); });
  }

 private:
  FlowGraph::Bodies bodies();
  stages::Reader::Callbacks callbacks();
  // Rows that dispatch is still to get, when it has got `submitted`. The I/O thread.
  std::optional<double> rows_to_come(std::uint64_t submitted) const;
  void wait_for_the_last_credit();
  void read();
  stages::Items prepare(core::RowBatch&& rows, flow::Cost taken);
  std::vector<stages::RequestPtr> pack(PackInput& input);
  core::Result<stages::Packer::Out> packed(PackInput& input);
  core::Result<stages::Packer::Out> with_the_last(core::Result<stages::Packer::Out> out);
  core::Result<stages::Packer::Out> add(stages::Items&& items);
  core::Result<stages::Packer::Out> stalled();
  core::Result<stages::Packer::Out> with_replies(core::Result<stages::Packer::Out> out);
  void end_if_alike();
  bool vectors() const { return texts_.has_value(); }
  void learn_texts(const stages::Completions& completions);
  void requests_ended(std::int64_t count, bool first);
  bool read_where_they_are(const stages::Completions& completions) const;
  void parse(stages::Completions& completions);
  void commit(store::Results&& results, flow::Cost ended,
              std::vector<std::pair<core::Hash128, core::Reject>> rejected);
  void reject(stages::Items&& items, const core::Reject& why);
  void release(stages::Items&& items);
  core::Status open_batches(const std::vector<std::string>& names);
  // What batches bring: the pack node's.
  void take_replies(stages::Completions&& completions);
  // After the last row: until another run is worth its while, or nothing is out. True: it is.
  bool wait_for_batches(core::Duration passed);
  void reject_unsendable(std::vector<stages::RequestPtr>& requests);
  void to_pack(PackInput::Kind kind, stages::Items&& items, std::uint64_t batches = 0);
  dispatch::Handlers handlers();

  const stages::PipelineSpec& spec_;
  const RunOptions options_;
  const stages::Question question_;
  const stages::LineWriter lines_;
  std::optional<stages::Prepare> prepare_;
  std::optional<stages::Parser> parser_;
  std::unique_ptr<checkpoint::Projection> sink_;
  std::unique_ptr<checkpoint::Checkpoint> checkpoint_;
  // The batches' thread's, while there is one. Outlives it.
  BatchRefusals batch_refusals_;
  std::unique_ptr<parked::BatchJobs> batches_;  // null where there are none
  stages::InFlight in_flight_;
  stages::PackSize pack_size_;
  std::optional<stages::TextTokens> texts_;  // where prompts are embedded
  std::optional<stages::PackSavings> savings_;
  std::optional<stages::Packer> packer_;
  flow::Shutdown shutdown_;
  flow::Credits credits_;
  std::optional<stages::Reader> reader_;
  std::optional<core::Error> reader_error_;        // the reader's thread, then run()
  std::optional<core::Error> halt_error_;          // the I/O thread, then run()
  std::optional<schedule::HaltCause> halt_cause_;  // the same
  std::atomic<bool> rows_wait_ = false;            // some were left to batches
  std::optional<core::Error> left_;  // why rows stay pending; the I/O thread, then run()
  std::atomic<bool> input_complete_ = false;
  std::atomic<bool> reading_ = true;  // the reader's thread has work, or will have
  // Messages in the graph, and commits whose callbacks have not run.
  flow::Activity activity_;
  stages::FirstRejects first_rejects_;      // the pack node's
  std::optional<core::Error> alike_error_;  // the pack node's, then run()
  stages::RejectTally reject_tally_;
  stages::KeyTally key_tally_;
  std::uint64_t batches_packed_ = 0;            // the pack node's
  std::optional<std::uint64_t> batches_read_;   // the pack node's: known at the end of the input
  std::atomic<std::int64_t> requests_out_ = 0;  // made, and not ended
  std::atomic<std::uint64_t> rows_ended_ = 0;
  std::atomic<std::uint64_t> rows_committing_ = 0;
  std::atomic<std::uint64_t> rows_shared_ = 0;
  std::atomic<std::uint64_t> rows_accepted_ = 0;
  std::atomic<std::uint64_t> rows_asked_again_ = 0;

  std::binary_semaphore all_back_{0};  // the last credit is, or the run is abandoned
  std::optional<FlowGraph> graph_;
  std::unique_ptr<dispatch::Dispatcher> dispatcher_;
};

}  // namespace sluice::job
