#include "cli/try_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/job_questions.h"
#include "core/json.h"
#include "core/printable.h"
#include "inspect/pretty_json.h"
#include "observe/figures.h"

namespace sluice::cli {
namespace {

using inspect::Exchange;
using inspect::Trial;
using inspect::TriedRow;
using observe::count;

std::string numbers_of(const std::vector<std::uint64_t>& exchanges) {
  if (exchanges.empty()) return "not asked";
  return fmt::format("request{} {}", exchanges.size() == 1 ? "" : "s", fmt::join(exchanges, ", "));
}

std::string rows_of(const Exchange& exchange) {
  std::vector<std::string> names;
  for (const Exchange::Row& row : exchange.rows) names.push_back(core::printable(row.name));
  return fmt::format("row{} {}", names.size() == 1 ? "" : "s", fmt::join(names, ", "));
}

std::string tokens_of(const provider::Usage& usage) {
  std::string text = count(usage.input) + " tokens in";
  if (usage.cached_input > 0)
    text += fmt::format(" ({} from the cache)", count(usage.cached_input));
  text += fmt::format(", {} out", count(usage.output));
  if (usage.reasoning > 0) text += fmt::format(" ({} of them thinking)", count(usage.reasoning));
  return text;
}

std::string reply_text(const Exchange& exchange, core::Money cost, std::size_t width) {
  const inspect::PrettyOptions pretty{.width = width, .indent = 2};
  const provider::Outcome& outcome = exchange.outcome;
  std::string head = fmt::format("reply {}: ", exchange.number);
  if (!exchange.ended) return head + "none: the run ended before it\n";
  const std::string after = fmt::format("after {}", observe::duration(exchange.took));
  if (outcome.action != provider::Action::none) {
    head += fmt::format("failed {}: {}", after, core::printable(outcome.text()));
    if (outcome.billing == provider::Billing::possible)
      head += fmt::format("; it may have been billed, at most {}", cost.text());
  } else {
    head += fmt::format("HTTP {} {}, {}, {}", exchange.status, after, tokens_of(outcome.usage),
                        cost.text());
  }
  std::string text = inspect::pretty_text(head, {.width = width, .indent = 0});
  const std::string& body = exchange.reply.empty() ? exchange.text : exchange.reply;
  if (!body.empty()) text += inspect::pretty_json(body, pretty);
  return text;
}

std::string exchange_text(const Exchange& exchange, core::Money cost, std::size_t width) {
  std::string text =
      inspect::pretty_text(fmt::format("request {} to {}: {}", exchange.number,
                                       core::printable(exchange.endpoint), rows_of(exchange)),
                           {.width = width, .indent = 0});
  for (const Exchange::Row& row : exchange.rows)
    if (!row.history.empty())
      text += inspect::pretty_text(
          fmt::format("{} again: {}", core::printable(row.name), row.history.back()),
          {.width = width, .indent = 2});
  text += fmt::format("  {} {}\n", exchange.sent.method, core::printable(exchange.sent.url));
  for (const auto& [name, value] : exchange.sent.headers)
    text += fmt::format("  {}: {}\n", name, core::printable(value));
  text += inspect::pretty_json(exchange.sent.body, {.width = width, .indent = 2});
  return text + reply_text(exchange, cost, width) + '\n';
}

std::string row_text(const TriedRow& row, std::size_t width) {
  const inspect::PrettyOptions inside{.width = width, .indent = 4};
  const std::string name = core::printable(row.name);
  std::string text;
  switch (row.end) {
    case TriedRow::End::answered:
      text = fmt::format("  {}  answered ({})\n", name,
                         row.accepted            ? "by an earlier level"
                         : row.exchanges.empty() ? "by the answer to an equal question"
                                                 : numbers_of(row.exchanges));
      text += inspect::pretty_members(row.answer, inside);
      for (const std::string& before : row.history)
        text += inspect::pretty_text("before: " + before, inside);
      break;
    case TriedRow::End::rejected:
      text = fmt::format("  {}  rejected ({}): {} in {}\n", name, numbers_of(row.exchanges),
                         row.reject.reason, row.reject.stage);
      if (!row.reject.detail.empty()) text += inspect::pretty_text(row.reject.detail, inside);
      for (const std::string& before : row.reject.history)
        text += inspect::pretty_text("before: " + before, inside);
      break;
    case TriedRow::End::pending:
      text = fmt::format("  {}  no answer ({})\n", name, numbers_of(row.exchanges));
      break;
  }
  return text;
}

struct Totals {
  std::uint64_t requests = 0;
  provider::Usage usage;
  core::Money cost;
  bool maybe_billed = false;
};

Totals totals_of(const std::vector<Trial>& trials) {
  Totals totals;
  for (const Trial& trial : trials) {
    totals.requests += trial.exchanges.size();
    for (const Exchange& exchange : trial.exchanges) {
      totals.usage += exchange.outcome.usage;
      totals.maybe_billed =
          totals.maybe_billed || exchange.outcome.billing == provider::Billing::possible;
    }
    for (const core::Money& cost : trial.costs) totals.cost += cost;
  }
  return totals;
}

std::string counts_of(const std::vector<TriedRow>& rows) {
  const auto having = [&](TriedRow::End end) {
    return std::ranges::count(rows, end, &TriedRow::end);
  };
  std::string text = fmt::format("{} row{}: {} answered", rows.size(), rows.size() == 1 ? "" : "s",
                                 having(TriedRow::End::answered));
  if (const auto n = having(TriedRow::End::rejected); n > 0)
    text += fmt::format(", {} rejected", n);
  if (const auto n = having(TriedRow::End::pending); n > 0)
    text += fmt::format(", {} without an answer", n);
  return text;
}

void write_exchange(core::JsonWriter& w, const Exchange& exchange, core::Money cost) {
  w.open('{');
  w.field("number", exchange.number);
  w.field("request", exchange.request);
  w.field("endpoint", exchange.endpoint);
  w.key("rows");
  w.open('[');
  for (const Exchange::Row& row : exchange.rows) w.raw(inspect::json_name(row.name));
  w.close(']');
  inspect::write_request(w, exchange.sent);
  w.field("status", exchange.status);
  w.field("reply", exchange.reply);
  w.field("text", exchange.text);
  if (exchange.outcome.action != provider::Action::none)
    w.field("failed", std::string(exchange.outcome.text()));
  w.field("seconds", std::chrono::duration<double>(exchange.took).count());
  w.field("input_tokens", exchange.outcome.usage.input);
  w.field("cached_tokens", exchange.outcome.usage.cached_input);
  w.field("output_tokens", exchange.outcome.usage.output);
  w.field("reasoning_tokens", exchange.outcome.usage.reasoning);
  w.field("cost_usd", cost.dollars());
  w.field("maybe_billed", exchange.outcome.billing == provider::Billing::possible);
  w.close('}');
}

void write_row(core::JsonWriter& w, const TriedRow& row) {
  w.open('{');
  w.key("row");
  w.raw(inspect::json_name(row.name));
  if (row.line > 0) w.field("line", row.line);
  w.key("exchanges");
  w.open('[');
  for (const std::uint64_t number : row.exchanges) w.value(number);
  w.close(']');
  w.key("answer");
  if (row.end == TriedRow::End::answered) {
    w.raw("{" + row.answer + "}");
  } else {
    w.null();
  }
  const bool rejected = row.end == TriedRow::End::rejected;
  if (rejected) {
    w.field("stage", row.reject.stage);
    w.field("reason", row.reject.reason);
    w.field("detail", row.reject.detail);
  }
  w.key("history");
  w.open('[');
  for (const std::string& before : rejected ? row.reject.history : row.history) w.value(before);
  w.close(']');
  w.close('}');
}

}  // namespace

std::string try_text(const stages::JobSpec& job, const std::vector<Trial>& trials,
                     std::size_t width) {
  std::string text;
  for (std::size_t k = 0; k < trials.size(); ++k) {
    const Trial& trial = trials[k];
    text += heading_of(job, k);
    for (std::size_t i = 0; i < trial.exchanges.size(); ++i)
      text += exchange_text(trial.exchanges[i], trial.costs[i], width);
    text += "answers\n";
    for (const TriedRow& row : trial.rows) text += row_text(row, width);
    text += counts_of(trial.rows) + "\n";
    if (k + 1 < trials.size()) text += '\n';
  }
  const Totals totals = totals_of(trials);
  text += fmt::format("{} request{}, {}, {}{}\n", count(totals.requests),
                      totals.requests == 1 ? "" : "s", tokens_of(totals.usage),
                      totals.maybe_billed ? "at most " : "", totals.cost.text());
  if (trials.size() < job.questions.size())
    text += fmt::format("question {} was not asked: there is no answer that it could be about\n",
                        trials.size() + 1);
  return text + inspect::pretty_text("nothing was kept: sluice run asks these rows again",
                                     {.width = width, .indent = 0});
}

std::string try_json(const stages::JobSpec& job, const std::vector<Trial>& trials) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("job", job.name);
  w.key("questions");
  w.open('[');
  for (const Trial& trial : trials) {
    w.open('{');
    w.key("exchanges");
    w.open('[');
    for (std::size_t i = 0; i < trial.exchanges.size(); ++i)
      write_exchange(w, trial.exchanges[i], trial.costs[i]);
    w.close(']');
    w.key("rows");
    w.open('[');
    for (const TriedRow& row : trial.rows) write_row(w, row);
    w.close(']');
    w.close('}');
  }
  w.close(']');
  const Totals totals = totals_of(trials);
  w.field("requests", totals.requests);
  w.field("input_tokens", totals.usage.input);
  w.field("output_tokens", totals.usage.output);
  w.field("cost_usd", totals.cost.dollars());
  w.close('}');
  return out + '\n';
}

}  // namespace sluice::cli
