#include "words/run_summary.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>

#include "core/json.h"
#include "core/printable.h"
#include "observe/events.h"
#include "observe/figures.h"
#include "observe/view.h"
#include "observe/wrap.h"
#include "stages/cascade.h"
#include "words/cost_notes.h"
#include "words/monitor.h"
#include "words/reject_notes.h"
#include "words/summary_text.h"

namespace sluice::words {
namespace {

using observe::count;

constexpr std::size_t kKeyShown = 60;  // columns of a key

std::uint64_t odd_limits(const job::Progress& progress) {
  std::uint64_t sum = 0;
  for (const auto& endpoint : progress.dispatch.schedule.endpoints) sum += endpoint.odd_limits;
  return sum;
}

// What packs were worth; empty where there were none.
std::string savings_note(const stages::PackSavings::Saved& saved) {
  const auto some = [](std::int64_t n, std::string_view what) {
    const auto size = static_cast<std::uint64_t>(std::abs(n));
    return fmt::format("{} {}{}", count(size), what, size == 1 ? "" : "s");
  };
  const std::string requests = some(saved.requests, "request");
  const std::string tokens = "about " + some(saved.tokens, "input token");
  constexpr std::string_view kMore = "more than one row a request would have, in this run";
  if (saved.requests == 0 && saved.tokens == 0) return {};
  if (saved.requests < 0 && saved.tokens < 0)
    return fmt::format("packs took {} and {} {}", requests, tokens, kMore);
  if (saved.requests < 0) return fmt::format("packs took {} {}", requests, kMore);
  if (saved.tokens > 0) return fmt::format("packs saved {} and {} in this run", requests, tokens);
  if (saved.tokens == 0) return fmt::format("packs saved {} in this run", requests);
  if (saved.requests == 0) return fmt::format("packs took {} {}", tokens, kMore);
  return fmt::format("packs saved {}, but took {} {}", requests, tokens, kMore);
}

// Of rows that share a key; empty where there are none.
std::string same_keys_note(const stages::KeyTally::Found& found) {
  if (found.rows == 0) return {};
  return fmt::format(
      "{}{} the key of an earlier row of other content, for example {}: each is asked by itself "
      "and has its own line; give `key` a field that is different in each row to tell them apart",
      found.complete ? ""
                     : fmt::format("compared with the first {} keys: at least ",
                                   count(stages::KeyTally::kMostKeys)),
      found.rows == 1 ? "1 row has" : count(found.rows) + " rows have",
      observe::shortened(core::printable(found.example), kKeyShown));
}

// How route = "deadline" bought; empty where it had no part in the choice.
std::string buying_note(const stages::PipelineSpec& spec, const job::Progress& progress) {
  const auto& buying = progress.dispatch.schedule.buying;
  if (!buying || spec.dispatch.endpoints.size() < 2) return {};
  const auto requests = [](std::uint64_t n) {
    return fmt::format("{} request{}", count(n), n == 1 ? "" : "s");
  };
  if (!spec.dispatch.deadline) {
    if (buying->dearer == 0) return "the cheapest endpoints took all requests";
    return requests(buying->dearer) + " went to dearer endpoints while no cheaper one could be had";
  }
  if (buying->urgency == schedule::Urgency::unknown)
    return "the input does not say how long it is, so dearer endpoints were used at once";
  if (buying->pressed == 0) return "the cheapest endpoints were enough for the deadline";
  return requests(buying->pressed) + " went to dearer endpoints for the deadline's sake";
}

// Of the job's batches; empty where there are none.
std::string batches_note(const std::optional<parked::BatchesState>& state) {
  if (!state || state->batches.empty()) return {};
  std::uint64_t collected = 0;
  std::uint64_t out = 0;
  std::uint64_t requests = 0;
  core::Money reserved;
  for (const store::BatchRecord& batch : state->batches) {
    if (batch.phase == store::BatchPhase::collected) ++collected;
    if (!batch.open()) continue;
    ++out;
    requests += batch.lines;
    reserved += batch.worst_cost;
  }
  std::string text = fmt::format("{} collected", count(collected));
  if (out > 0)
    text += fmt::format(", {} out with {} requests, for which at most {} is reserved", count(out),
                        count(requests), reserved.text());
  return text;
}

// What stops the next run as well has a message that says what helps.
std::string_view again(const job::RunResult& result) {
  const bool same_again = result.cause == schedule::HaltCause::budget ||
                          (result.error && result.error->code == core::ErrorCode::pipeline);
  return same_again ? "" : "; run it again to resume";
}

std::vector<observe::EndpointView> endpoints_with_problems(const stages::PipelineSpec& spec,
                                                           const job::Progress& progress) {
  std::vector<observe::EndpointView> views;
  const auto& states = progress.dispatch.schedule.endpoints;
  const core::Time now = core::SystemClock().now();
  for (std::size_t i = 0; i < states.size(); ++i) {
    auto view = view_of(spec.dispatch.endpoints[i], states[i], now);
    if (view.problem) views.push_back(std::move(view));
  }
  return views;
}

// A line an endpoint, for a job that has several.
SummaryText::Table endpoint_table(const stages::PipelineSpec& spec, const job::Progress& p) {
  SummaryText::Table table = {{{"endpoint", 0, {}},
                               {"answered", 0, {}},
                               {"failed", 0, {}},
                               {"refused", 1, {}},
                               {"p50", 3, {}},
                               {"p95", 2, {}},
                               {"cost", 0, {}}}};
  const auto time = [](const std::optional<core::Duration>& of) {
    return of ? observe::duration(*of) : std::string();
  };
  const auto some = [](std::uint64_t n) { return n > 0 ? count(n) : std::string(); };
  const auto& states = p.dispatch.schedule.endpoints;
  for (std::size_t i = 0; i < std::min(states.size(), spec.dispatch.endpoints.size()); ++i) {
    const std::string& name = spec.dispatch.endpoints[i].name;
    const auto found = std::ranges::find(p.account.endpoints, name, &store::EndpointLedger::name);
    const auto ledger = found == p.account.endpoints.end() ? store::EndpointLedger() : *found;
    const std::string cells[] = {core::printable(name),  count(ledger.answered),
                                 some(ledger.failed),    some(states[i].rate_limited),
                                 time(states[i].median), time(states[i].tail),
                                 ledger.cost.text()};
    for (std::size_t column = 0; column < table.size(); ++column)
      table[column].cells.push_back(cells[column]);
  }
  return table;
}

}  // namespace

std::optional<CascadeFigures> Results::cascade(const stages::JobSpec& job, std::size_t last,
                                               const std::vector<store::Account>& accounts) const {
  const stages::PipelineSpec& spec = job.questions[last];
  if (spec.level.number == 0 || stages::has_next_level(spec)) return std::nullopt;
  if (last >= questions.size() || questions[last].run.end != job::RunEnd::finished)
    return std::nullopt;
  std::vector<std::uint64_t> accepted;
  for (const QuestionResult& question : questions)
    accepted.push_back(question.run.progress.rows_accepted);
  return cascade_figures(job, last, accounts, accepted);
}

std::string summary(const stages::PipelineSpec& spec, const QuestionResult& question,
                    std::size_t width, const std::string& cascade) {
  const job::RunResult& result = question.run;
  const job::Progress& p = result.progress;
  const store::Account& account = p.account;
  const store::EndpointLedger total = account.total();
  const double seconds = std::max(1e-3, core::in_seconds(question.elapsed));
  const bool finished = result.end == job::RunEnd::finished;

  SummaryText text(width);
  text.heading(
      finished ? fmt::format("{}: finished in {}", spec.name, observe::duration(question.elapsed))
               : fmt::format("{}: stopped after {}: {}{}", spec.name,
                             observe::duration(question.elapsed), result.why, again(result)));
  const auto line = [&text](std::string_view name, const std::string& value) {
    text.line(name, value);
  };
  std::string rows = fmt::format("{} read, {} answered, {} rejected", count(account.rows_read),
                                 count(account.rows_answered), count(account.rows_rejected));
  if (account.rows_pending() > 0)
    rows += fmt::format(", {} pending", count(account.rows_pending()));
  line("rows", rows);
  if (p.rows_read == 0 && p.input_complete) line("", "the input has no rows");
  const std::uint64_t before = p.rows_at_start - std::min(p.rows_at_start, result.unmatched);
  if (before > 0) line("", fmt::format("{} of them had ended in earlier runs", count(before)));
  if (p.rows_accepted > 0)
    line("", fmt::format("{} of them answered by an earlier level", count(p.rows_accepted)));
  if (p.rows_shared > 0)
    line("", fmt::format("{} answered by the answer to an equal question", count(p.rows_shared)));
  if (p.rows_asked_again > 0)
    line("", fmt::format("asked {} times again because an answer was missing or did not fit",
                         count(p.rows_asked_again)));
  if (const std::string note = same_keys_note(p.same_keys); !note.empty()) line("", note);
  if (result.unmatched > 0)
    line("", fmt::format("{} rows of earlier runs are no longer in the input as they were: {}",
                         count(result.unmatched),
                         spec.sink.keep_missing ? "their lines stay (keep_missing)"
                         : result.dropped
                             ? "their lines are taken out; their answers stay in the checkpoint"
                             : "their lines stay until a run reads all of it and finishes"));
  line("requests",
       fmt::format("{} answered, {} failed", count(total.answered), count(total.failed)));
  if (const std::string note = savings_note(p.saved); !note.empty()) line("", note);
  line("tokens", fmt::format("{} in, {} out", count(total.usage.input), count(total.usage.output)));
  line("cost", total.cost.text());
  for (const std::string& note : cost_notes(account, {spec})) line("", note);
  if (p.dispatch.odd_charges > 0)
    line("", fmt::format("{} charges that a gateway told cannot be (zero for work done, or not in "
                         "dollars): counted at list prices",
                         count(p.dispatch.odd_charges)));
  if (spec.dispatch.budget && p.dispatch.schedule.throttle)
    line("", throttle_note(*p.dispatch.schedule.throttle));
  if (const std::uint64_t odd = odd_limits(p); odd > 0)
    line("", fmt::format("{} replies stated limits that no request could keep to: not followed",
                         count(odd)));
  if (const std::string note = batches_note(p.batches); !note.empty()) line("batches", note);
  line("speed",
       fmt::format("{} rows/s", observe::rounded(static_cast<double>(p.rows_ended) / seconds)));
  if (const std::string note = buying_note(spec, p); !note.empty()) line("route", note);
  for (const observe::Limit& limit : question.limits) line("bound by", observe::limit_text(limit));
  if (account.endpoints.size() > 1) text.table(endpoint_table(spec, p));
  for (const observe::EndpointView& endpoint : endpoints_with_problems(spec, p))
    line("endpoint",
         fmt::format("{}: {}", endpoint.name, observe::problem_text(*endpoint.problem)));
  for (std::size_t i = 0; i < p.dispatch.form_notes.size(); ++i)
    if (!p.dispatch.form_notes[i].empty())
      line("endpoint",
           fmt::format("{}: {}", spec.dispatch.endpoints[i].name, p.dispatch.form_notes[i]));
  if (!cascade.empty()) line("cascade", cascade);
  if (stages::has_next_level(spec)) {
    if (account.rows_rejected > 0)
      line("", "rows that were asked and have no answer are asked at the next level");
    return text.text();
  }
  std::string_view output = "output";
  if (!spec.sink.path_is_own) line(std::exchange(output, ""), spec.sink.path);
  for (const deliver::Delivered& to : question.delivered)
    line(std::exchange(output, ""),
         fmt::format("{}: {} rows{}", to.to, count(to.rows), to.changed ? "" : ", as before"));
  if (account.rows_rejected > 0) {
    line("rejects", spec.sink.rejects);
    for (const std::string& note : reject_notes(reasons_of(spec), spec.file)) line("", note);
  }
  return text.text();
}

namespace {

void write_rows(core::JsonWriter& w, const store::Account& account, const job::Progress& progress) {
  w.field("rows_read", account.rows_read);
  w.field("rows_answered", account.rows_answered);
  w.field("rows_rejected", account.rows_rejected);
  w.field("rows_pending", account.rows_pending());
  w.field("rows_this_run", progress.rows_ended);
  w.field("rows_shared", progress.rows_shared);
  w.field("rows_asked_again", progress.rows_asked_again);
  if (const auto& same = progress.same_keys; same.rows > 0) {
    w.key("same_keys");
    w.open('{');
    w.field("rows", same.rows);
    w.key("example");
    w.raw(same.example);
    w.field("complete", same.complete);
    w.close('}');
  }
  w.field("saved_requests", progress.saved.requests);
  w.field("saved_input_tokens", progress.saved.tokens);
  const store::EndpointLedger total = account.total();
  w.field("requests", total.attempts);
  w.field("failed", total.failed);
  w.field("input_tokens", total.usage.input);
  w.field("output_tokens", total.usage.output);
  w.field("cost_usd", total.cost.dollars());
  w.key("maybe_billed");
  w.open('{');
  const Unknown unknown = maybe_billed(account);
  w.field("requests", unknown.requests);
  w.field("cost_usd", unknown.most.dollars());
  if (unknown.likely) w.field("likely_cost_usd", unknown.likely->dollars());
  w.field("uncounted", uncounted(account).requests);
  w.close('}');
  w.field("odd_charges", progress.dispatch.odd_charges);
  w.field("odd_limits", odd_limits(progress));
  if (const auto& buying = progress.dispatch.schedule.buying) {
    w.key("dearer");
    w.open('{');
    w.field("requests", buying->dearer);
    w.field("for_deadline", buying->pressed);
    w.close('}');
  }
  if (const auto& throttle = progress.dispatch.schedule.throttle) {
    w.key("budget_holds_back");
    w.open('{');
    w.field("in_flight", throttle->in_flight);
    w.field("could_be", throttle->could_be);
    w.field("worst_cost_usd", throttle->worst_cost.dollars());
    w.close('}');
  }
}

void write_cascades(core::JsonWriter& w, const stages::JobSpec& job, const Results& results,
                    const std::vector<store::Account>& accounts) {
  bool any = false;
  for (std::size_t k = 0; k < job.questions.size(); ++k) {
    const auto figures = results.cascade(job, k, accounts);
    if (!figures) continue;
    if (!any) w.key("cascades");
    if (!any) w.open('[');
    any = true;
    w.open('{');
    w.key("levels");
    w.open('[');
    for (const CascadeFigures::Level& level : figures->levels) {
      w.open('{');
      w.field("name", level.name);
      w.field("rows_answered", level.answered);
      w.close('}');
    }
    w.close(']');
    w.field("cost_usd", figures->cost.dollars());
    if (figures->last_alone) w.field("last_level_alone_usd", figures->last_alone->dollars());
    w.close('}');
  }
  if (any) w.close(']');
}

}  // namespace

std::string summary_json(const stages::JobSpec& job, const Results& results,
                         const std::vector<store::Account>& accounts) {
  const auto progress_of = [&](std::size_t k) {
    return k < results.questions.size() ? results.questions[k].run.progress : job::Progress();
  };
  std::string out;
  core::JsonWriter w(out);
  const bool finished = results.finished(job);
  observe::open_event(w, finished ? "finished" : "stopped", core::SystemClock().wall_now(),
                      finished ? observe::Level::info : observe::Level::warning);
  w.field("job", job.name);
  if (const std::string& why = results.questions.back().run.why; !why.empty()) w.field("why", why);
  w.field("elapsed_s", std::chrono::duration<double>(results.elapsed).count());
  write_rows(w, store::joined(accounts), progress_of(accounts.size() - 1));
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  w.field("peak_rss_mb", static_cast<double>(usage.ru_maxrss) / 1024);  // Linux counts in KiB
  w.key("problems");
  w.open('[');
  const std::size_t last = results.questions.size() - 1;
  for (const observe::EndpointView& endpoint :
       endpoints_with_problems(job.questions[last], results.questions[last].run.progress)) {
    w.open('{');
    w.field("endpoint", endpoint.name);
    w.field("stopped", endpoint.problem->stopped);
    w.field("message", endpoint.problem->message);
    w.close('}');
  }
  w.close(']');
  w.key("notes");
  w.open('[');
  const auto& forms = results.questions[last].run.progress.dispatch.form_notes;
  for (std::size_t i = 0; i < forms.size(); ++i) {
    if (forms[i].empty()) continue;
    w.open('{');
    w.field("endpoint", job.questions[last].dispatch.endpoints[i].name);
    w.field("message", forms[i]);
    w.close('}');
  }
  w.close(']');
  write_rejects(w, reasons_of(job.questions[last]));
  w.key("limited_by");
  w.open('[');
  for (const observe::Limit& limit : results.questions[last].limits) {
    w.open('{');
    if (!limit.endpoint.empty()) w.field("endpoint", limit.endpoint);
    w.field("kind", observe::limit_name(limit.kind));
    if (!limit.quota.empty()) w.field("quota", limit.quota);
    w.field("share", limit.share);
    w.close('}');
  }
  w.close(']');
  write_cascades(w, job, results, accounts);
  if (accounts.size() > 1) {
    w.key("questions");
    w.open('[');
    for (std::size_t k = 0; k < accounts.size(); ++k) {
      w.open('{');
      write_rows(w, accounts[k], progress_of(k));
      w.close('}');
    }
    w.close(']');
  }
  w.close('}');
  return out;
}

}  // namespace sluice::words
