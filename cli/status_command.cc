// sluice status: where a job stands, from its checkpoint; the job may be running meanwhile.
#include <fmt/format.h>

#include <memory>

#include "checkpoint/checkpoint.h"
#include "cli/commands.h"
#include "cli/job_file.h"
#include "core/json.h"
#include "observe/figures.h"

namespace sluice::cli {
namespace {

using observe::count;

void write_ledger(core::JsonWriter& w, const checkpoint::EndpointLedger& ledger) {
  w.field("requests", ledger.attempts);
  w.field("answered", ledger.answered);
  w.field("failed", ledger.failed);
  w.field("input_tokens", ledger.usage.input);
  w.field("cached_tokens", ledger.usage.cached_input);
  w.field("output_tokens", ledger.usage.output);
  w.field("reasoning_tokens", ledger.usage.reasoning);
  w.field("cost_usd", ledger.cost.dollars());
  w.key("maybe_billed");
  w.open('{');
  w.field("requests", ledger.maybe_billed);
  w.field("cost_usd", ledger.maybe_billed_cost.dollars());
  w.close('}');
}

std::string as_json(const std::string& job, const checkpoint::Account& account) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("job", job);
  w.key("rows");
  w.open('{');
  w.field("read", account.rows_read);
  w.field("answered", account.rows_answered);
  w.field("rejected", account.rows_rejected);
  w.field("pending", account.rows_pending());
  w.close('}');
  w.field("input_complete", account.input_complete);
  w.key("ledger");
  w.open('{');
  write_ledger(w, account.total());
  w.key("endpoints");
  w.open('[');
  for (const checkpoint::EndpointLedger& endpoint : account.endpoints) {
    w.open('{');
    w.field("name", endpoint.name);
    write_ledger(w, endpoint);
    w.close('}');
  }
  w.close(']');
  w.close('}');
  w.close('}');
  return out;
}

std::string as_text(const std::string& job, const checkpoint::Account& account) {
  const checkpoint::EndpointLedger total = account.total();
  std::string text = fmt::format("{}\n", job);
  text += fmt::format("  rows      {} read: {} answered, {} rejected, {} pending{}\n",
                      count(account.rows_read), count(account.rows_answered),
                      count(account.rows_rejected), count(account.rows_pending()),
                      account.input_complete ? "" : " (the input has not been read to its end)");
  text += fmt::format("  requests  {}: {} answered, {} failed\n", count(total.attempts),
                      count(total.answered), count(total.failed));
  text += fmt::format("  tokens    {} in ({} cached), {} out ({} reasoning)\n",
                      count(total.usage.input), count(total.usage.cached_input),
                      count(total.usage.output), count(total.usage.reasoning));
  text += fmt::format("  cost      {}\n", total.cost.text());
  if (total.maybe_billed > 0) {
    text += fmt::format(
        "            and at most {} for {} requests that may have been billed without an answer\n",
        total.maybe_billed_cost.text(), count(total.maybe_billed));
  }
  if (account.endpoints.size() > 1) {
    for (const checkpoint::EndpointLedger& e : account.endpoints) {
      text += fmt::format("  {}: {} requests, {} failed, {}\n", e.name, count(e.attempts),
                          count(e.failed), e.cost.text());
    }
  }
  return text;
}

int status(const JobFile& file, bool json) {
  const auto spec = file.load(Secrets::optional);
  if (!spec) return report(spec.error());
  const auto account = checkpoint::read_account(spec->checkpoint.directory);
  if (!account) return report(account.error());
  if (json) {
    fmt::print("{}\n", as_json(spec->name, *account));
  } else {
    fmt::print("{}", as_text(spec->name, *account));
  }
  return 0;
}

}  // namespace

void add_status_command(CLI::App& app, int& exit_status) {
  struct Options {
    JobFile file;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("status", "Where the job stands, from its checkpoint");
  options->file.add_options(*command);
  command->add_flag("--json", options->json, "For programs");
  command->callback(
      [options, &exit_status] { exit_status = status(options->file, options->json); });
}

}  // namespace sluice::cli
