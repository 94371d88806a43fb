#include "inspect/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "codec/prices.h"
#include "codec/registry.h"
#include "inspect/first_rows.h"
#include "inspect/try_rows.h"
#include "schedule/estimate.h"
#include "stages/prepare.h"
#include "stages/question.h"
#include "stages/steps.h"
#include "storage/memory_file.h"

namespace sluice::inspect {
namespace {

using provider::Action;

constexpr std::string_view kNoRow = "probe";
constexpr std::string_view kStandIn = "{\"probe\":true}\n";  // the row that carries the prompt

const provider::EndpointSpec& endpoint_of(const stages::JobSpec& job, const ProbePlace& place) {
  return job.questions[place.question].dispatch.endpoints[place.endpoint];
}

// The question with one endpoint, for one row that is not looked at.
stages::PipelineSpec spec_of(const stages::JobSpec& job, const ProbePlace& place,
                             const std::string& prompt) {
  stages::PipelineSpec spec = job.questions[place.question];
  spec.read = {};
  spec.validate.reset();
  spec.level = {};
  spec.pack.user_template.clear();
  spec.pack.images = {};
  spec.pack.user = [prompt](const core::Row&) { return prompt; };
  spec.dispatch.endpoints = {endpoint_of(job, place)};
  spec.dispatch.route = schedule::Route::cheapest;
  spec.dispatch.deadline.reset();
  spec.dispatch.retries = 0;
  spec.dispatch.hedge = false;
  spec.parse = {};
  spec.parse.retries = 0;
  spec.sink.keep_row = false;
  spec.sink.keep.clear();
  spec.sink.for_next_level = false;
  return spec;
}

struct Heard {
  std::string model;
  std::size_t dimensions = 0;
  bool cut_off = false;
  std::shared_ptr<dispatch::AnswerForm> form;
};

// Lets no failure be waited out or tried again: to the run it is one that ends the endpoint.
class OneTry final : public dispatch::Sender, private dispatch::Sender::Events {
 public:
  OneTry(const dispatch::SenderSetup& setup, Heard& heard) : setup_(setup), heard_(heard) {
    heard_.form = setup.endpoints.front().form;
  }

  core::Status open(const dispatch::MakeSender& make) {
    auto inner = make({.loop = setup_.loop,
                       .specs = setup_.specs,
                       .endpoints = setup_.endpoints,
                       .cancels = setup_.cancels,
                       .clock = setup_.clock,
                       .events = *this});
    if (!inner) return std::unexpected(inner.error());
    inner_ = std::move(*inner);
    return {};
  }

  void send(const schedule::Send& attempt, const stages::Request& request) override {
    inner_->send(attempt, request);
  }
  void cancel(schedule::AttemptId attempt) override { inner_->cancel(attempt); }
  void stop() override { inner_->stop(); }

 private:
  void finished(const schedule::Send& attempt, provider::Reply&& reply,
                std::uint64_t reply_bytes) override {
    heard_.model = masked(reply.model, setup_.specs[attempt.endpoint].key);
    heard_.dimensions = reply.dimensions;
    heard_.cut_off = reply.finish == provider::Finish::length;
    Action& action = reply.outcome.action;
    // A refusal may be of the answer's form, for which there is another.
    if (action != Action::none && action != Action::refused) action = Action::stop;
    setup_.events.finished(attempt, std::move(reply), reply_bytes);
  }

  const dispatch::SenderSetup setup_;
  Heard& heard_;
  std::unique_ptr<dispatch::Sender> inner_;  // last: it may finish attempts while it goes
};

dispatch::MakeSender one_try(dispatch::MakeSender inner, Heard& heard) {
  return
      [inner = std::move(inner), &heard](
          const dispatch::SenderSetup& setup) -> core::Result<std::unique_ptr<dispatch::Sender>> {
        auto sender = std::make_unique<OneTry>(setup, heard);
        if (auto opened = sender->open(inner); !opened) return std::unexpected(opened.error());
        return sender;
      };
}

void add_trial(Probe& probe, const Trial& trial, const provider::EndpointSpec& endpoint) {
  const auto rejected = std::ranges::find(trial.rows, TriedRow::End::rejected, &TriedRow::end);
  const std::string detail = rejected == trial.rows.end() ? "" : rejected->reject.detail;
  if (trial.exchanges.empty()) {
    probe.why_not_asked = !detail.empty()      ? detail
                          : trial.result.error ? trial.result.error->message
                                               : trial.result.why;
    return;
  }
  const Exchange& last = trial.exchanges.back();
  probe.requests = trial.exchanges.size();
  probe.url = last.sent.url;
  probe.ok = last.ended && last.outcome.action == Action::none;
  probe.outcome = last.outcome;
  probe.took = last.took;
  for (const core::Money& cost : trial.costs) probe.cost += cost;
  if (probe.ok) probe.misfit = masked(detail, endpoint.key);
}

}  // namespace

std::vector<ProbePlace> probe_places(const stages::JobSpec& job) {
  const auto same = [](const provider::EndpointSpec& a, const provider::EndpointSpec& b) {
    const auto facts = [](const provider::EndpointSpec& e) {
      return std::tie(e.name, e.base_url, e.model, e.api, e.service_tier, e.key.reveal());
    };
    return facts(a) == facts(b);
  };
  std::vector<ProbePlace> places;
  for (std::size_t k = 0; k < job.questions.size(); ++k) {
    const auto& endpoints = job.questions[k].dispatch.endpoints;
    for (std::size_t e = 0; e < endpoints.size(); ++e)
      if (std::ranges::none_of(places, [&](const ProbePlace& place) {
            return same(endpoint_of(job, place), endpoints[e]);
          }))
        places.push_back({k, e});
  }
  return places;
}

ProbeRow probe_row(const stages::PipelineSpec& first) {
  ProbeRow row{.prompt = std::string(kNoRow), .name = {}, .path = {}, .why_none = {}};
  FirstRows rows = first_rows(first.read, kRowsLookedAt);
  row.path = rows.path;
  row.why_none = rows.error ? rows.error->message : rows.why_none;
  if (rows.rows.empty()) return row;
  const stages::Question question = stages::make_question(first);
  const auto prepare = stages::Prepare::make(first, question);
  if (!prepare) {
    row.why_none = prepare.error().message;
    return row;
  }
  const stages::Steps steps(first.read.steps);
  std::string why = "steps leave nothing of them";
  for (core::Row& one : rows.rows) {
    core::RowBatch made;
    steps.run(std::move(one), [&made](core::Row&& out) {
      made.push_back(std::move(out));
      return made.size() < kRowsLookedAt;
    });
    for (const stages::Item& item : prepare->run(std::move(made))) {
      if (!item.reject) {
        row.prompt = item.prompt;
        row.name = row_name_of(item.row);
        row.why_none.clear();
        return row;
      }
      why = item.reject->detail;
    }
  }
  row.why_none =
      fmt::format("the first {} of '{}' would not be asked ({})", rows.rows.size(), row.path, why);
  return row;
}

std::optional<core::Money> probe_cost(const stages::JobSpec& job, const ProbePlace& place,
                                      const ProbeRow& row) {
  const provider::EndpointSpec& endpoint = endpoint_of(job, place);
  const auto price = codec::price_of(endpoint);
  if (!price) return std::nullopt;
  const auto codec = codec::make_codec(endpoint);
  const stages::Question question = stages::make_question(job.questions[place.question]);
  const provider::BodyFrame frame = codec->frame(question.frame);
  const std::size_t bytes = frame.prefix.size() + frame.suffix.size() + row.prompt.size();
  return schedule::Estimator(codec->output_cap())
      .worst_cost({.prompt_bytes = static_cast<std::uint32_t>(bytes)}, *price);
}

Probe probe(const stages::JobSpec& job, const ProbePlace& place, const ProbeRow& row,
            core::Money spent, const dispatch::MakeSender& make_sender) {
  const provider::EndpointSpec& endpoint = endpoint_of(job, place);
  Probe probe;
  probe.endpoint = endpoint.name;
  probe.priced = codec::price_of(endpoint).has_value();
  probe.form = endpoint.structured;
  const auto file = storage::MemoryFile::make(kStandIn);
  if (!file) {
    probe.why_not_asked = file.error().message;
    return probe;
  }
  stages::PipelineSpec spec = spec_of(job, place, row.prompt);
  spec.read.paths = {file->path()};
  probe.shaped = !stages::make_question(spec).frame.schema.empty();
  Heard heard;
  const auto trial = try_rows(
      spec, {.rows = 1, .key = {}, .spent = spent, .make_sender = one_try(make_sender, heard)});
  if (!trial) {
    probe.why_not_asked = trial.error().message;
    return probe;
  }
  add_trial(probe, *trial, endpoint);
  probe.model = heard.model;
  probe.dimensions = heard.dimensions;
  probe.cut_off = heard.cut_off;
  if (heard.form) probe.form_note = heard.form->note();
  // Each request after the first was sent for another form.
  for (std::uint64_t n = 1; n < probe.requests; ++n)
    probe.form = probe.form == provider::StructuredOutput::json_schema
                     ? provider::StructuredOutput::json_object
                     : provider::StructuredOutput::instruction;
  return probe;
}

}  // namespace sluice::inspect
