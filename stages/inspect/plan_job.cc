#include "inspect/plan_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "codec/prices.h"
#include "dispatch/endpoint.h"
#include "inspect/answer_tokens.h"
#include "inspect/dry_run.h"
#include "inspect/plan_history.h"
#include "inspect/row_count.h"
#include "place/places.h"
#include "provider/batch_api.h"
#include "provider/profile.h"
#include "schedule/estimate.h"
#include "source/sources.h"
#include "stages/question.h"

namespace sluice::inspect {
namespace {

using plan::Figure;
using plan::Origin;

// What is usual at hosted models: until the first token, and for each more. Flex waits for a free moment.
constexpr double kFirstToken = 0.7;
constexpr double kEachToken = 0.012;
constexpr double kFlexSlower = 3;
constexpr double kLatencySpread = 0.9;  // a factor of 2.5
constexpr double kSigma = 0.4;
// An answer's tokens vary so from one to the next.
constexpr double kTokenVariation = 0.6;
constexpr double kNineInTen = 1.645;
constexpr std::uint64_t kFewestKnown = 5;  // requests, before they say anything

core::Status can_look(const stages::ReadSpec& read) {
  const auto cannot = [](const std::string& what) {
    return core::fail(
        core::ErrorCode::usage,
        fmt::format("{}: a plan takes and sends nothing, so it cannot look at this input; put "
                    "some of its rows into a file and plan with that",
                    what));
  };
  if (read.paths.empty()) {
    if (!read.table || read.table->database != table::Database::sqlite)
      return cannot(source::shown_names(read).front());
    return {};
  }
  for (const std::string& path : read.paths) {
    if (path == "-") return cannot("standard input");
    if (place::is_remote(path)) return cannot(path);
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!error && std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
      return cannot(path);
  }
  return {};
}

// Means of the sample's requests.
struct RequestSample {
  double requests = 0;
  double rows = 0;
  double frame_bytes = 0;
  double row_bytes = 0;
  double log_bytes = 0;
  double log_bytes_squared = 0;

  void add(const PlannedRequest& request) {
    ++requests;
    rows += static_cast<double>(request.rows.size());
    frame_bytes += static_cast<double>(request.frame_bytes);
    row_bytes += static_cast<double>(request.row_bytes);
    const double log = std::log(
        static_cast<double>(std::max<std::size_t>(1, request.frame_bytes + request.row_bytes)));
    log_bytes += log;
    log_bytes_squared += log * log;
  }
  double sigma() const {
    if (requests < 2) return 0;
    const double mean = log_bytes / requests;
    return std::sqrt(std::max(0.0, log_bytes_squared / requests - mean * mean));
  }
};

template <class Value>
std::optional<Value> named(const std::map<std::string, Value>& by_name, const std::string& name) {
  if (const auto own = by_name.find(name); own != by_name.end()) return own->second;
  if (const auto all = by_name.find(""); all != by_name.end()) return all->second;
  return std::nullopt;
}

// The spread of a mean of so many requests that vary by `variation`.
double spread_of_mean(double variation, std::uint64_t count) {
  return kNineInTen * variation / std::sqrt(static_cast<double>(std::max<std::uint64_t>(1, count)));
}

// Of how many requests it takes in the end: by the luck of those beyond the first.
double again_spread(double requests, double first) {
  const double more = std::max(1.0, requests - first);
  return kNineInTen * std::sqrt(more) / std::max(1.0, requests);
}

class JobMaker {
 public:
  JobMaker(const stages::PipelineSpec& spec, const PlanSetup& setup)
      : spec_(spec), setup_(setup), question_(stages::make_question(spec)) {}

  core::Result<PlannedJob> make() {
    if (auto looks = can_look(spec_.read); !looks) return std::unexpected(looks.error());
    auto names = source::names_of(spec_.read);
    if (!names) return std::unexpected(names.error());
    auto history = history_of(spec_);
    if (!history) return std::unexpected(history.error());
    history_ = std::move(*history);
    if (auto sampled = take_sample(*names); !sampled) return std::unexpected(sampled.error());
    set_work();
    for (const provider::EndpointSpec& endpoint : spec_.dispatch.endpoints)
      planned_.job.endpoints.push_back(endpoint_of(endpoint));
    for (const provider::EndpointSpec& endpoint : spec_.dispatch.endpoints)
      add_other_tiers(endpoint);
    share_tokens();
    return std::move(planned_);
  }

 private:
  core::Status take_sample(const std::vector<std::string>& names) {
    PlannedRequest last;
    auto dry = dry_run(spec_, {.limit = setup_.sample, .as_if_new = true, .texts = false},
                       [&](const PlannedRequest& request) {
                         sample_.add(request);
                         last = request;
                         return core::Status();
                       });
    if (!dry) return std::unexpected(dry.error());
    planned_.sampled = dry->rows_read;
    for (const auto& [reason, rejects] : dry->rejects) planned_.rows_rejected += rejects.rows;
    planned_.rows_shared = dry->rows_shared;
    asked_share_ = dry->rows_read == 0
                       ? 1
                       : static_cast<double>(dry->rows_asked) / static_cast<double>(dry->rows_read);
    // The last pack of a sample is not full.
    if (!dry->read.complete && sample_.requests > 1) {
      sample_.requests -= 1;
      sample_.rows -= static_cast<double>(last.rows.size());
      sample_.frame_bytes -= static_cast<double>(last.frame_bytes);
      sample_.row_bytes -= static_cast<double>(last.row_bytes);
    }
    const auto count = count_rows(spec_.read, names, dry->read, setup_.patience);
    planned_.rows = {count ? count->rows : static_cast<double>(dry->rows_read),
                     count ? count->spread : 1, count ? Origin::measured : Origin::prior};
    if (count && count->bytes_a_row > 0 && count->bytes_a_row_read > 0)
      longer_ = count->bytes_a_row / count->bytes_a_row_read;
    return {};
  }

  void set_work() {
    plan::Work& work = planned_.job.work;
    const double requests = std::max(1.0, sample_.requests);
    work.rows_a_request = std::max(1.0, sample_.rows / requests);
    const double frame = sample_.frame_bytes / requests;
    const double rows = sample_.row_bytes / requests;
    work.prompt_bytes = frame + rows * longer_;
    sample_bytes_ = frame + rows;
    work.prompt_sigma = sample_.sigma();
    planned_.rows_ended = history_ ? history_->rows_ended : 0;
    work.rows = std::max(0.0, planned_.rows.value - static_cast<double>(planned_.rows_ended));
    Figure again{1.01, 0.03, Origin::prior};
    if (known()) {
      const double expected =
          static_cast<double>(history_->rows_ended) * asked_share_ / work.rows_a_request;
      if (expected >= 1)
        again = {std::clamp(static_cast<double>(history_->answered) / std::ceil(expected - 0.01),
                            0.5, 4.0),
                 again_spread(static_cast<double>(history_->answered), expected), Origin::measured};
      work.failed_share = history_->failed_share;
    }
    const Figure rows_left{work.rows * asked_share_, planned_.rows.spread, planned_.rows.origin};
    work.requests = rows_left * (1 / work.rows_a_request) * again;
    work.input_tokens = {work.prompt_bytes / schedule::kDefaultBytesPerToken, 0.25, Origin::prior};
    work.output_tokens = output_of({});
    work.route = spec_.dispatch.route;
    if (spec_.dispatch.deadline) work.deadline = core::in_seconds(*spec_.dispatch.deadline);
    if (spec_.dispatch.budget)
      work.budget_left =
          std::max(0.0, spec_.dispatch.budget->dollars() - (history_ ? history_->spent : 0));
    if (known()) {
      double cached = 0;
      double input = 0;
      for (const auto& [name, endpoint] : history_->endpoints) {
        cached += endpoint.cached_tokens * static_cast<double>(endpoint.answered);
        input += endpoint.input_tokens * static_cast<double>(endpoint.answered);
      }
      if (input > 0) work.cached_share = cached / input;
    }
  }

  bool known() const { return history_ && history_->answered >= kFewestKnown; }

  const EndpointHistory* history_of_endpoint(const std::string& name) const {
    if (!history_) return nullptr;
    const auto found = history_->endpoints.find(name);
    return found == history_->endpoints.end() ? nullptr : &found->second;
  }

  // Of one request.
  Figure output_of(const std::string& name) const {
    const double rows = planned_.job.work.rows_a_request;
    if (const auto given = named(setup_.outputs, name))
      return {*given * rows, 0.05, Origin::declared};
    return {answer_tokens(spec_.pack) * rows, 0.7, Origin::prior};
  }

  plan::Endpoint endpoint_of(const provider::EndpointSpec& spec) const {
    const plan::Work& work = planned_.job.work;
    const dispatch::Endpoint made = dispatch::make_endpoint(spec, question_.frame);
    plan::Endpoint endpoint{.name = spec.name};
    endpoint.limits = spec.limits;
    endpoint.price = codec::price_of(spec);
    endpoint.max_output_tokens = made.output_cap;
    endpoint.weight = spec.weight;
    endpoint.output_tokens = output_of(spec.name);
    if (made.output_cap && endpoint.output_tokens->value > *made.output_cap)
      endpoint.output_tokens->value = *made.output_cap;
    endpoint.engine = named(setup_.engines, spec.name);
    endpoint.dollars_per_hour = named(setup_.dollars_per_hour, spec.name).value_or(0);
    endpoint.latency_sigma = kSigma;
    if (const auto given = named(setup_.latencies, spec.name)) {
      endpoint.latency = {*given, 0.05, Origin::declared};
    } else {
      const bool flex = provider::tier_asked(spec) == provider::Tier::flex;
      endpoint.latency = {
          (kFirstToken + kEachToken * endpoint.output_tokens->value) * (flex ? kFlexSlower : 1),
          kLatencySpread, Origin::prior};
    }
    if (spec.batch) {
      plan::BatchService batch;
      const provider::Profile* profile = spec.provider.profile;
      if (profile != nullptr && profile->batch != nullptr)
        batch.most_lines = profile->batch->limits.requests;
      if (spec.batch_requests > 0)
        batch.most_lines = std::min(batch.most_lines, spec.batch_requests);
      if (spec.batch_window) batch.window = core::in_seconds(*spec.batch_window);
      endpoint.batch = batch;
    }
    if (const EndpointHistory* seen = history_of_endpoint(spec.name)) take(*seen, work, endpoint);
    return endpoint;
  }

  void take(const EndpointHistory& seen, const plan::Work& work, plan::Endpoint& endpoint) const {
    if (seen.answered >= kFewestKnown) {
      // The rows to come may be longer than those that were asked.
      const double longer = sample_bytes_ > 0 ? work.prompt_bytes / sample_bytes_ : 1;
      const double spread =
          spread_of_mean(std::max(0.05, work.prompt_sigma), seen.answered) + 0.005;
      const double out_spread =
          spread_of_mean(kTokenVariation / std::sqrt(work.rows_a_request), seen.answered);
      endpoint.input_tokens = Figure{seen.input_tokens * longer, spread, Origin::measured};
      endpoint.output_tokens = Figure{seen.output_tokens, out_spread, Origin::measured};
      if (seen.dollars > 0) {
        const double input = seen.input_tokens * (longer - 1);
        const double more = endpoint.price ? input * endpoint.price->input.dollars() : 0;
        endpoint.request_dollars =
            Figure{seen.dollars + more, std::max(spread, out_spread), Origin::measured};
      }
    }
    if (seen.mean_seconds && *seen.mean_seconds > 0) {
      endpoint.latency_sigma = seen.sigma.value_or(kSigma);
      endpoint.latency = {
          *seen.mean_seconds * std::exp(-endpoint.latency_sigma * endpoint.latency_sigma / 2),
          spread_of_mean(endpoint.latency_sigma + 0.1, std::min<std::uint64_t>(seen.answered, 128)),
          Origin::measured};
    }
    if (seen.saturated_per_second && *seen.saturated_per_second > 0) {
      // As many slots of the shortest latency as do what was seen.
      const double slots =
          std::max(1.0, std::round(*seen.saturated_per_second * *seen.least_seconds));
      endpoint.slots = slots;
      endpoint.latency_sigma = std::min(endpoint.latency_sigma, kSigma);
      endpoint.latency = {slots / *seen.saturated_per_second *
                              std::exp(-endpoint.latency_sigma * endpoint.latency_sigma / 2),
                          0.08, Origin::measured};
    }
    endpoint.learned_per_minute = seen.learned_per_minute;
    if (seen.batch_seconds && endpoint.batch) endpoint.batch->takes = seen.batch_seconds;
  }

  // An endpoint that no run has asked takes as many tokens as those that were: it is told the same, and other models
  // count and write a little otherwise.
  void share_tokens() {
    constexpr double kOtherModel = 0.2;
    const auto& all = planned_.job.endpoints;
    const auto measured = std::ranges::find_if(all, [](const plan::Endpoint& endpoint) {
      return endpoint.input_tokens && endpoint.input_tokens->origin == Origin::measured;
    });
    if (measured == all.end()) return;
    const auto taken = [](const Figure& from) {
      return Figure{from.value, plan::root_sum_square(from.spread, kOtherModel), Origin::measured};
    };
    const Figure input = taken(*measured->input_tokens);
    const Figure output = taken(*measured->output_tokens);
    for (plan::Endpoint& endpoint : planned_.job.endpoints) {
      if (endpoint.input_tokens) continue;
      endpoint.input_tokens = input;
      // What the command line says of it stays.
      if (endpoint.output_tokens->origin == Origin::prior) endpoint.output_tokens = output;
    }
    planned_.job.work.input_tokens = input;
    planned_.job.work.output_tokens = output;
  }

  // What the pipeline file could say instead: the tiers that cost less.
  void add_other_tiers(const provider::EndpointSpec& spec) {
    const provider::Profile* profile = spec.provider.profile;
    if (profile == nullptr || spec.batch || spec.of_tiers || spec_.pack.embed) return;
    const auto standard = codec::price_of(spec);
    const auto add = [&](const provider::EndpointSpec& other, std::string_view tier,
                         const std::optional<core::Price>& price) {
      if (!price || !standard || price->output >= standard->output) return;
      plan::Endpoint endpoint = endpoint_of(other);
      endpoint.name = fmt::format("{} {}", spec.name, tier);
      endpoint.instead = tier;
      endpoint.price = price;
      endpoint.request_dollars.reset();
      // The same model counts and writes alike; how soon it answers, and how many at once, was not seen there.
      if (endpoint.latency.origin == Origin::measured && !other.batch)
        endpoint.latency = {endpoint.latency.value * kFlexSlower, kLatencySpread, Origin::prior};
      endpoint.slots.reset();
      endpoint.learned_per_minute.reset();
      planned_.job.endpoints.push_back(std::move(endpoint));
    };
    if (profile->batch != nullptr) {
      provider::EndpointSpec other = spec;
      other.batch = true;
      auto price = codec::price_of(spec, core::Tier::batch);
      if (!price && standard) price = codec::half_of(*standard);
      add(other, "batch", price);
    }
    for (const provider::SoldTier& sold : profile->tiers) {
      if (sold.name != "flex") continue;
      provider::EndpointSpec other = spec;
      other.service_tier = sold.wire;
      add(other, "flex", codec::price_of(spec, core::Tier::flex));
    }
  }

  const stages::PipelineSpec& spec_;
  const PlanSetup& setup_;
  const stages::Question question_;
  std::optional<JobHistory> history_;
  RequestSample sample_;
  double asked_share_ = 1;   // of the rows that are read
  double longer_ = 1;        // the mean row, than the sample's
  double sample_bytes_ = 0;  // of a request
  PlannedJob planned_;
};

}  // namespace

core::Result<PlannedJob> plan_job(const stages::PipelineSpec& spec, const PlanSetup& setup) {
  return JobMaker(spec, setup).make();
}

}  // namespace sluice::inspect
