// sluice status: where a job stands, from its checkpoint; the job may be running meanwhile.
#include <fmt/format.h>

#include <memory>

#include "checkpoint/checkpoint.h"
#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/job_questions.h"
#include "cli/shared_run.h"
#include "cli/stored_job.h"
#include "core/json.h"
#include "observe/figures.h"
#include "passes/passes.h"
#include "queue/intake.h"
#include "shell/help_text.h"
#include "words/cost_notes.h"
#include "words/reject_notes.h"

namespace sluice::cli {
namespace {

using observe::count;

provider::Usage answered_usage(const store::EndpointLedger& ledger) {
  return {.input = ledger.usage.input - ledger.failed_usage.input,
          .cached_input = ledger.usage.cached_input - ledger.failed_usage.cached_input,
          .output = ledger.usage.output - ledger.failed_usage.output,
          .reasoning = ledger.usage.reasoning - ledger.failed_usage.reasoning};
}

void write_outcome(core::JsonWriter& w, std::string_view name, std::uint64_t requests,
                   const provider::Usage& usage, core::Money cost) {
  w.key(name);
  w.open('{');
  w.field("requests", requests);
  w.field("input_tokens", usage.input);
  w.field("cached_tokens", usage.cached_input);
  w.field("output_tokens", usage.output);
  w.field("reasoning_tokens", usage.reasoning);
  w.field("cost_usd", cost.dollars());
  w.close('}');
}

// What `account` has spent, of one endpoint or of all.
void write_ledger(core::JsonWriter& w, const store::Account& account) {
  const store::EndpointLedger ledger = account.total();
  w.field("requests", ledger.attempts);
  w.field("answered", ledger.answered);
  w.field("failed", ledger.failed);
  w.field("input_tokens", ledger.usage.input);
  w.field("cached_tokens", ledger.usage.cached_input);
  w.field("output_tokens", ledger.usage.output);
  w.field("reasoning_tokens", ledger.usage.reasoning);
  w.field("cost_usd", ledger.cost.dollars());
  w.field("in_flight", ledger.in_flight);
  w.key("parked");
  w.open('{');
  w.field("requests", ledger.parked);
  w.field("reserved_usd", ledger.parked_cost.dollars());
  w.close('}');
  if (!ledger.problem.empty()) w.field("problem", ledger.problem);
  if (!ledger.form.empty()) w.field("note", ledger.form);
  w.key("maybe_billed");
  w.open('{');
  w.field("requests", ledger.maybe_billed);
  w.field("cost_usd", ledger.maybe_billed_cost.dollars());
  w.field("input_tokens", ledger.maybe_billed_usage.input);
  w.field("output_tokens", ledger.maybe_billed_usage.output);
  if (const auto likely = words::maybe_billed(account).likely)
    w.field("likely_cost_usd", likely->dollars());
  w.key("uncounted");
  w.open('{');
  w.field("requests", ledger.uncounted);
  w.field("cost_usd", ledger.uncounted_cost.dollars());
  w.close('}');
  w.close('}');
  w.field("cost_picodollars", ledger.cost.picodollars());
  w.field("estimated_cost_usd", ledger.estimated_cost.dollars());
  w.key("charged");
  w.open('{');
  w.field("requests", ledger.charged);
  w.field("cost_usd", ledger.charged_cost.dollars());
  w.close('}');
  w.key("outcomes");
  w.open('{');
  write_outcome(w, "answered", ledger.answered, answered_usage(ledger),
                ledger.cost - ledger.failed_cost);
  write_outcome(w, "failed", ledger.failed, ledger.failed_usage, ledger.failed_cost);
  w.close('}');
}

void write_account(core::JsonWriter& w, const store::Account& account,
                   const inspect::RejectReasons& reasons) {
  w.key("rows");
  w.open('{');
  w.field("read", account.rows_read);
  w.field("answered", account.rows_answered);
  w.field("rejected", account.rows_rejected);
  w.field("pending", account.rows_pending());
  w.close('}');
  w.field("input_complete", account.input_complete);
  words::write_rejects(w, reasons);
  w.key("ledger");
  w.open('{');
  write_ledger(w, account);
  w.key("endpoints");
  w.open('[');
  for (const store::EndpointLedger& endpoint : account.endpoints) {
    w.open('{');
    w.field("name", endpoint.name);
    store::Account own;
    own.endpoints.push_back(endpoint);
    write_ledger(w, own);
    w.close('}');
  }
  w.close(']');
  w.close('}');
}

void write_fleet(core::JsonWriter& w, const shared_job::Standing& standing) {
  w.key("fleet");
  w.open('{');
  w.field("workers", standing.workers);
  if (standing.shards) w.field("shards", *standing.shards);
  w.field("shards_given", standing.given);
  w.field("shards_done", standing.done);
  w.field("shards_left_behind", standing.left_behind);
  w.field("complete", standing.complete);
  w.close('}');
}

std::string fleet_line(const shared_job::Standing& standing, bool by_one) {
  std::string text =
      fmt::format("  fleet     {} at work; ",
                  standing.workers == 1 ? "1 process" : count(standing.workers) + " processes");
  if (standing.complete)
    text += "the job is complete, its output written by " + standing.finisher;
  else if (by_one)
    text += standing.finisher.empty() ? "none has had the job yet"
                                      : "the last that had the job is " + standing.finisher;
  else
    text +=
        fmt::format("{} of {} shards done", count(standing.done),
                    standing.shards ? count(*standing.shards) : count(standing.given) + " or more");
  if (standing.left_behind > 0)
    text += fmt::format(", {} left by processes that are gone", count(standing.left_behind));
  return text + "\n";
}

std::string as_json(const stages::JobSpec& job, const std::vector<store::Account>& accounts) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("job", job.name);
  if (const auto standing = standing_of(job)) write_fleet(w, *standing);
  write_account(w, store::joined(accounts), words::reasons_of(job.questions.back()));
  if (accounts.size() > 1) {
    w.key("questions");
    w.open('[');
    for (std::size_t k = 0; k < accounts.size(); ++k) {
      w.open('{');
      write_account(w, accounts[k], words::reasons_of(job.questions[k]));
      w.close('}');
    }
    w.close(']');
  }
  w.close('}');
  return out;
}

std::string table_line(std::string_view what, std::uint64_t requests, const provider::Usage& usage,
                       const std::string& cost) {
  return fmt::format("    {:<13} {:>11} {:>14} {:>14} {:>14} {:>14} {:>11}\n", what,
                     count(requests), count(usage.input), count(usage.cached_input),
                     count(usage.output), count(usage.reasoning), cost);
}

std::string ledger_lines(const store::EndpointLedger& ledger) {
  std::string text = fmt::format("  {}\n", ledger.name);
  text += table_line("answered", ledger.answered, answered_usage(ledger),
                     (ledger.cost - ledger.failed_cost).text());
  if (ledger.failed > 0)
    text += table_line("failed", ledger.failed, ledger.failed_usage, ledger.failed_cost.text());
  if (!ledger.problem.empty())
    text += fmt::format("    {:<13} {}\n", "no answer since", ledger.problem);
  if (!ledger.form.empty()) text += fmt::format("    {:<13} {}\n", "answer form", ledger.form);
  if (ledger.in_flight > 0)
    text += fmt::format("    {:<13} {:>11}\n", "in flight", count(ledger.in_flight));
  if (ledger.parked > 0)
    text += fmt::format("    {:<13} {:>11} {:>71}\n", "in batches", count(ledger.parked),
                        "reserved: " + ledger.parked_cost.text());
  if (ledger.maybe_billed > 0)
    text += fmt::format("    {:<13} {:>11} {:>71}\n", "maybe billed", count(ledger.maybe_billed),
                        "at most " + ledger.maybe_billed_cost.text());
  if (ledger.charged > 0)
    text += fmt::format("    {:<13} {:>11} {:>71}\n", "charged", count(ledger.charged),
                        fmt::format("{}; all at list prices: {}", ledger.charged_cost.text(),
                                    ledger.estimated_cost.text()));
  return text;
}

std::string as_text(const stages::JobSpec& job, std::size_t question,
                    const store::Account& account) {
  store::EndpointLedger total = account.total();
  std::string text = fmt::format("{}\n", job.name);
  text += fmt::format("  rows      {} read: {} answered, {} rejected, {} pending{}\n",
                      count(account.rows_read), count(account.rows_answered),
                      count(account.rows_rejected), count(account.rows_pending()),
                      account.input_complete ? "" : " (the input has not been read to its end)");
  std::string_view title = "rejects";
  for (const std::string& note : words::reject_notes(words::reasons_of(job.questions[question]),
                                                     job.questions[question].file)) {
    text += fmt::format("  {:<10}{}\n", title, note);
    title = "";
  }
  if (const auto kept = queue::rows_taken_in(job.questions[question].checkpoint.directory);
      kept && *kept > 0)
    text += fmt::format("  intake    {} of the queue's rows wait here: it has forgotten them\n",
                        count(*kept));
  text += fmt::format("  cost      {}\n", total.cost.text());
  for (const std::string& note : words::cost_notes(account, job.questions))
    text += fmt::format("            {}\n", note);
  text += fmt::format("\n    {:<13} {:>11} {:>14} {:>14} {:>14} {:>14} {:>11}\n", "", "requests",
                      "input tokens", "cached", "output tokens", "reasoning", "cost");
  for (const store::EndpointLedger& endpoint : account.endpoints) text += ledger_lines(endpoint);
  if (account.endpoints.size() > 1) {
    total.name = "all endpoints";
    text += ledger_lines(total);
  }
  return text;
}

int status(const JobFile& file, bool json, const std::string& listen) {
  const auto job = load_to_look(file, Secrets::unread);
  if (!job) return report(job.error());
  if (!listen.empty()) return listen_to_stored(*job, file.path, listen);
  if (!begun(*job, 0)) {  // in the words of the checkpoint
    return report(checkpoint::read_account(job->questions[0].checkpoint.directory).error());
  }
  const auto accounts = accounts_of(*job);
  if (!accounts) return report(accounts.error());
  if (json) {
    fmt::print("{}\n", as_json(*job, *accounts));
    return 0;
  }
  for (std::size_t k = 0; k < accounts->size(); ++k) {
    fmt::print("{}", heading_of(*job, k));
    if (begun(*job, k)) {
      fmt::print("{}", as_text(*job, k, (*accounts)[k]));
      if (const auto standing = standing_of(*job))
        fmt::print("\n{}", fleet_line(*standing, passes::is_by_one(job->questions.front())));
    } else {
      fmt::print("{}\n  it has not begun\n", job->name);
    }
  }
  if (accounts->size() > 1)
    fmt::print("all questions\n  cost      {}\n", store::joined(*accounts).total().cost.text());
  return 0;
}

}  // namespace

void add_status_command(CLI::App& app, int& exit_status) {
  struct Options {
    JobFile file;
    bool json = false;
    std::string listen;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("status", "Where the job stands, from its checkpoint");
  options->file.add_options(*command);
  command->add_flag("--json", options->json, "For programs: one JSON object");
  command
      ->add_option("--listen", options->listen,
                   "Serve a page of the job as it stands, /metrics and /api here until Ctrl-C: "
                   "127.0.0.1:9464, or a port")
      ->type_name("ADDR");
  command->footer(shell::help_footer(
      "Rows, requests, tokens and cost by endpoint and outcome; also while the job runs.",
      {{"sluice status tickets.lua", ""},
       {"sluice status tickets.lua --json | jq .ledger.cost_usd", ""}}));
  command->callback([options, &exit_status] {
    exit_status = status(options->file, options->json, options->listen);
  });
}

}  // namespace sluice::cli
