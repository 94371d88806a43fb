#include "inspect/dry_run.h"

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "checkpoint/view.h"
#include "codec/prices.h"
#include "dispatch/endpoint.h"
#include "flow/credits.h"
#include "flow/shutdown.h"
#include "inspect/reject_line.h"
#include "inspect/unkept.h"
#include "job/job_files.h"
#include "schedule/estimate.h"
#include "stages/flow_limits.h"
#include "stages/pack.h"
#include "stages/prepare.h"
#include "stages/reader.h"

namespace sluice::inspect {
namespace {

class Plan {
 public:
  using Each = std::function<core::Status(const PlannedRequest&)>;
  Plan(const stages::PipelineSpec& spec, const DryRunOptions& options, const Each& each)
      : spec_(spec),
        options_(options),
        each_(each),
        question_(stages::make_question(spec)),
        lines_(spec, question_.answer_names()),
        size_(spec.pack.rows, stages::output_bound(spec)),
        checkpoint_({}, {}, nullptr),
        texts_(static_cast<std::size_t>(spec.pack.tokens),
               static_cast<std::size_t>(spec.pack.embed.value_or(stages::EmbedSpec()).input_tokens),
               schedule::kDefaultBytesPerToken),
        packer_(spec, checkpoint_, in_flight_, lines_, size_, spec.pack.embed ? &texts_ : nullptr) {
    for (const provider::EndpointSpec& endpoint : spec.dispatch.endpoints) {
      endpoints_.push_back(dispatch::make_endpoint(endpoint, question_.frame));
      plan_.priced = plan_.priced && codec::price_of(endpoint).has_value();
    }
  }

  core::Result<DryRun> run() {
    auto prepare = stages::Prepare::make(spec_, question_);
    if (!prepare) return std::unexpected(prepare.error());
    auto names = source::names_of(spec_.read);
    if (!names) return std::unexpected(names.error());
    if (!options_.as_if_new) {
      if (auto known = look_at_checkpoint(); !known) return std::unexpected(known.error());
    }

    // One batch at a time holds all the credits there are.
    flow::Credits credits({1, 1}, [] {});
    flow::Shutdown shutdown;
    const auto take = [&](core::RowBatch&& rows, flow::Cost taken) {
      credits.settle(taken, taken.bytes);
      for (const core::Row& row : rows) {
        if (row.source >= lines_of_.size()) lines_of_.resize(row.source + 1);
        lines_of_[row.source] = std::max(lines_of_[row.source], row.line);
      }
      auto packed = packer_.add(prepare->run(std::move(rows)));
      note(packed ? add(*packed) : std::unexpected(packed.error()));
      if (!status_) shutdown.stop("");
      credits.give(taken);
    };
    bool complete = false;
    const auto done = [&complete](std::uint64_t, bool whole) { complete = whole; };
    stages::Reader reader({spec_.read, std::move(*names), job::written_files(spec_)},
                          options_.limit, credits, shutdown, {take, [] {}, done},
                          stages::Steps(spec_.read.steps));
    if (auto read = reader.run(); !read) return std::unexpected(read.error());
    if (status_) note(add(packer_.flush()));
    if (!status_) return std::unexpected(status_.error());
    plan_.rows_read = reader.rows_read();
    plan_.read = {
        .rows = reader.rows_read(),
        .records = reader.records_read(),
        .lines = std::accumulate(lines_of_.begin(), lines_of_.end(), std::uint64_t{0}),
        .bytes = reader.bytes_passed(),
        .complete = complete && (!options_.limit || reader.rows_read() < *options_.limit)};
    return std::move(plan_);
  }

 private:
  void note(core::Status status) {
    if (status_) status_ = std::move(status);
  }

  // What an earlier run has answered is not asked.
  core::Status look_at_checkpoint() {
    std::error_code error;
    if (!std::filesystem::exists(spec_.checkpoint.directory + "/checkpoint.db", error)) return {};
    auto view = checkpoint::View::open(spec_.checkpoint.directory);
    if (!view) return std::unexpected(view.error());
    if ((*view)->expect_fingerprint(stages::fingerprint(spec_, question_))) {
      auto seen = (*view)->each([&](const checkpoint::View::Ended& ended) -> core::Status {
        if (!ended.withdrawn) checkpoint_.add_done(ended.row);
        return {};
      });
      if (!seen) return seen;
    }
    return (*view)->each_answered(
        stages::models_of(spec_.dispatch),
        [&](const core::Hash128& question) { checkpoint_.add_answered(question); });
  }

  core::Status add(const stages::Packer::Out& out) {
    plan_.rows_done += out.done.rows;
    plan_.rows_shared += out.shared;
    for (const store::Entry& entry : out.entries) {
      if (entry.kind != store::Kind::reject) continue;
      const RejectLine reject = read_reject(entry.line);
      note_reject(reject.reason, reject.detail);
    }
    for (const stages::RequestPtr& request : out.requests)
      if (auto status = plan(*request); !status) return status;
    return {};
  }

  void note_reject(const std::string& reason, const std::string& detail) {
    DryRun::Rejects& rejects = plan_.rejects[reason];
    if (++rejects.rows == 1) rejects.example = detail;
  }

  core::Status plan(stages::Request& request) {
    stages::build(request, question_);
    if (request.reject) {
      note_reject(request.reject->reason, request.reject->detail);
      return {};
    }
    const std::size_t endpoint = first_endpoint(request);
    PlannedRequest planned{.number = ++plan_.requests,
                           .endpoint = spec_.dispatch.endpoints[endpoint].name,
                           .rows = {},
                           .frame_bytes = endpoints_[endpoint].frame_bytes(),
                           .row_bytes = stages::counted_bytes(request),
                           .text = {}};
    if (options_.texts)
      planned.text =
          request_text(spec_.dispatch.endpoints[endpoint], endpoints_[endpoint], request);
    const schedule::Demand demand = demand_of(request, endpoint);
    const schedule::Estimator estimator(endpoints_[endpoint].output_cap);
    const schedule::Tokens tokens = estimator.presumed(demand);
    plan_.input_tokens += tokens.input;
    plan_.output_tokens += tokens.output;
    plan_.expected += expected_cost(request, endpoint);
    plan_.at_most += estimator.worst_cost(demand, endpoints_[endpoint].price);
    plan_.rows_asked += request.items.size();
    for (const stages::Item& item : request.items) {
      planned.rows.push_back(row_name_of(item.row));
      // From here on as if it were answered: equal questions are not asked.
      checkpoint_.add_answered(item.question);
      plan_.rows_shared += in_flight_.take(item.question).size();
    }
    return each_(planned);
  }

  schedule::Demand demand_of(const stages::Request& request, std::size_t endpoint) const {
    const std::size_t bytes = endpoints_[endpoint].frame_bytes() + stages::counted_bytes(request);
    return {request.id, static_cast<std::uint32_t>(bytes),
            static_cast<std::uint32_t>(request.items.size())};
  }

  core::Money expected_cost(const stages::Request& request, std::size_t endpoint) const {
    const schedule::Tokens tokens =
        schedule::Estimator(endpoints_[endpoint].output_cap).presumed(demand_of(request, endpoint));
    return provider::cost_of({.input = static_cast<std::uint64_t>(tokens.input),
                              .cached_input = 0,
                              .output = static_cast<std::uint64_t>(tokens.output),
                              .reasoning = 0},
                             endpoints_[endpoint].price);
  }

  // Where a run that is just beginning sends it (schedule/router.h).
  std::size_t first_endpoint(const stages::Request& request) const {
    if (spec_.dispatch.route != schedule::Route::cheapest) return 0;
    std::size_t cheapest = 0;
    for (std::size_t e = 1; e < endpoints_.size(); ++e)
      if (expected_cost(request, e) < expected_cost(request, cheapest)) cheapest = e;
    return cheapest;
  }

  const stages::PipelineSpec& spec_;
  const DryRunOptions& options_;
  const Each& each_;
  const stages::Question question_;
  const stages::LineWriter lines_;
  const stages::PackSize size_;
  Unkept checkpoint_;
  stages::InFlight in_flight_;
  const stages::TextTokens texts_;
  stages::Packer packer_;
  std::vector<dispatch::Endpoint> endpoints_;
  std::vector<std::uint64_t> lines_of_;  // that were read, by file
  DryRun plan_;
  core::Status status_;
};

}  // namespace

core::Result<DryRun> dry_run(const stages::PipelineSpec& spec, const DryRunOptions& options,
                             const std::function<core::Status(const PlannedRequest&)>& each) {
  return Plan(spec, options, each).run();
}

}  // namespace sluice::inspect
