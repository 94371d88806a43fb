// sluice mock: a provider on loopback to practise on.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/mock_batch_flags.h"
#include "core/money.h"
#include "mock/mock_server.h"
#include "net/loop.h"
#include "shell/help_text.h"
#include "shell/number_range.h"
#include "shell/signals.h"
#include "simulate/engine_table.h"

namespace sluice::cli {
namespace {

struct MockFlags {
  mock::Options options;
  double latency_ms = 0;
  double error_wait_ms = 100;
  double token_latency_ms = 0;
  std::string key;
  std::string output_tokens;
  std::string engine;
  std::vector<std::string> outages;
  std::string price_in = "0";
  std::string price_out = "0";
  std::string price_cached;  // empty = as the rest of the input
  std::vector<std::string> tier_latencies;
  std::vector<std::string> tier_refusals;
  std::vector<std::string> tier_answers;
  std::vector<std::string> aws_keys;
  std::string token_life;
  MockBatchFlags batch;
};

core::Duration milliseconds(double ms) {
  return std::chrono::duration_cast<core::Duration>(std::chrono::duration<double, std::milli>(ms));
}

// "$0.25" for a million tokens.
core::Result<core::Money> per_token(const std::string& text) {
  const auto million = core::Money::parse(text);
  if (!million) {
    return core::fail(core::ErrorCode::usage,
                      fmt::format("'{}' is no price: dollars per million tokens are wanted", text));
  }
  return core::Money::picodollars(million->picodollars() / 1'000'000);
}

// "300" or "300:0.5".
core::Result<mock::OutputTokens> output_tokens(const std::string& text) {
  mock::OutputTokens tokens;
  char end = 0;
  const int read = std::sscanf(text.c_str(), "%lf:%lf%c", &tokens.median, &tokens.sigma, &end);
  const bool whole = read == 2 || (read == 1 && text.find(':') == text.npos);
  const auto fine = [](double value) { return value >= 0 && value <= 1e9; };
  if (whole && fine(tokens.median) && fine(tokens.sigma)) return tokens;
  return core::fail(core::ErrorCode::usage,
                    fmt::format("'{}' is no number of output tokens: MEDIAN or MEDIAN:SIGMA is "
                                "wanted, as in 300:0.5",
                                text));
}

// "NAME=VALUE" in two.
core::Result<std::pair<std::string, std::string>> named(const std::string& text, char between,
                                                        const char* wanted) {
  const std::size_t at = text.find(between);
  if (at != text.npos && at > 0 && at + 1 < text.size())
    return std::pair(text.substr(0, at), text.substr(at + 1));
  return core::fail(core::ErrorCode::usage,
                    fmt::format("'{}' cannot be read: {} is wanted", text, wanted));
}

core::Status fill_in_tiers(const MockFlags& flags, mock::Options& options) {
  for (const std::string& text : flags.tier_latencies) {
    const auto tier = named(text, '=', "TIER=TIME, as in flex=4s,");
    if (!tier) return std::unexpected(tier.error());
    const auto latency = mock_duration(tier->second);
    if (!latency) return std::unexpected(latency.error());
    options.tiers[tier->first].latency = *latency;
  }
  for (const std::string& text : flags.tier_refusals) {
    constexpr const char* kWanted = "TIER=SHARE, as in flex=0.2,";
    const auto tier = named(text, '=', kWanted);
    if (!tier) return std::unexpected(tier.error());
    char* end = nullptr;
    const double share = std::strtod(tier->second.c_str(), &end);
    if (*end != '\0' || !(share >= 0 && share <= 1)) {
      return core::fail(core::ErrorCode::usage,
                        fmt::format("'{}' is not a share: {} is wanted, 0 to 1", text, kWanted));
    }
    options.tiers[tier->first].refusals = share;
  }
  for (const std::string& text : flags.tier_answers) {
    const auto tier = named(text, '=', "TIER=TIER, as in flex=default,");
    if (!tier) return std::unexpected(tier.error());
    options.tiers[tier->first].answered = tier->second;
  }
  return {};
}

core::Status fill_in_tokens(const MockFlags& flags, mock::Options& options) {
  for (const std::string& text : flags.aws_keys) {
    const auto key = named(text, ':', "ID:SECRET");
    if (!key) return core::fail(core::ErrorCode::usage, "--aws-key: ID:SECRET is wanted");
    options.aws_keys.insert_or_assign(key->first, core::Secret(key->second));
  }
  if (flags.token_life.empty()) return {};
  const auto life = mock_duration(flags.token_life);
  if (!life) return std::unexpected(life.error());
  options.token_life = *life;
  return {};
}

core::Status fill_in(MockFlags& flags) {
  mock::Options& options = flags.options;
  const std::string& cached = flags.price_cached.empty() ? flags.price_in : flags.price_cached;
  using Entry = std::pair<const std::string*, core::Money*>;
  for (const auto& [text, price] :
       {Entry(&flags.price_in, &options.price.input), Entry(&cached, &options.price.cached_input),
        Entry(&flags.price_out, &options.price.output)}) {
    const auto money = per_token(*text);
    if (!money) return std::unexpected(money.error());
    *price = *money;
  }
  if (!flags.output_tokens.empty()) {
    const auto tokens = output_tokens(flags.output_tokens);
    if (!tokens) return std::unexpected(tokens.error());
    options.output_tokens = *tokens;
  }
  if (!flags.engine.empty()) {
    const simulate::EngineText engine = simulate::find_engine(flags.engine);
    if (!engine.engine) return core::fail(core::ErrorCode::usage, "--engine: " + engine.error);
    options.engine = engine.engine;
  }
  for (const std::string& text : flags.outages) {
    const auto outage = mock::parse_outage(text);
    if (!outage) return std::unexpected(outage.error());
    options.outages.push_back(*outage);
  }
  if (auto filled = fill_in_tiers(flags, options); !filled) return filled;
  if (auto filled = fill_in_batch(flags.batch, options.batch); !filled) return filled;
  return fill_in_tokens(flags, options);
}

int serve(MockFlags flags) {
  if (const auto filled = fill_in(flags); !filled) return report(filled.error());
  flags.options.latency = milliseconds(flags.latency_ms);
  flags.options.error_wait = milliseconds(flags.error_wait_ms);
  flags.options.latency_per_token = milliseconds(flags.token_latency_ms);
  flags.options.require_key = core::Secret(flags.key);

  net::Loop loop;
  auto server = mock::MockServer::start(loop, flags.options);
  if (!server) return report(server.error());
  const bool tls = !flags.options.certificate_file.empty();
  // The line that scripts wait for: its last word is the base URL.
  fmt::print("mock provider (no model: it guesses by the likeness of words) at {}://{}:{}/v1\n",
             tls ? "https" : "http", flags.options.host, (*server)->port());
  std::fflush(stdout);

  shell::StopSignal signal;
  std::thread watcher([&] {
    while (signal.wait(std::chrono::hours(1)) == shell::StopSignal::Woken::timeout) {
    }
    loop.stop();
  });
  loop.run();
  signal.release();
  watcher.join();
  fmt::print("{}\n", mock::stats_json((*server)->stats()));
  return 0;
}

}  // namespace

void add_mock_command(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<MockFlags>();
  mock::Options& o = flags->options;
  CLI::App* command =
      app.add_subcommand("mock", "A provider on loopback to practise on, with limits and faults");
  const auto share = shell::number(0, 1);
  const auto milliseconds_range = shell::number(0, 1e9);
  command->add_option("--host", o.host, "Address to listen on")
      ->type_name("ADDRESS")
      ->capture_default_str();
  command->add_option("--port", o.port, "Port; 0 takes any free one")
      ->check(shell::whole_number(0, 65535))
      ->capture_default_str();
  command->add_option("--seed", o.seed, "Of answers, latencies and faults")
      ->check(shell::whole_number(0))
      ->capture_default_str();
  command->add_option("--latency-ms", flags->latency_ms, "Time to answer")
      ->check(milliseconds_range);
  command
      ->add_option("--token-latency-ms", flags->token_latency_ms,
                   "More of it for each output token")
      ->check(milliseconds_range);
  command
      ->add_option("--latency-sigma", o.latency_sigma, "Spread of the time to answer (log-normal)")
      ->check(shell::number(0, 10));
  command->add_option("--slots", o.slots, "So many are served at once, the rest queue; 0 = all")
      ->check(shell::whole_number(0, 1e6))
      ->capture_default_str();
  command
      ->add_option("--engine", flags->engine,
                   "As fast as a server that runs a model itself, in place of the latencies and "
                   "slots: a name (h100-llama8b) or its numbers (a=6.4,b=0.06,d=6e-6,e=0.024,"
                   "kv=480000), as `sluice probe --fit` says them")
      ->type_name("ENGINE");
  command->add_option("--output-tokens", flags->output_tokens,
                      "MEDIAN[:SIGMA] tokens an answer takes (log-normal); what its text does not "
                      "take is told as reasoning");
  command
      ->add_option("--price-in", flags->price_in, "Dollars per million input tokens, for the bill")
      ->capture_default_str();
  command->add_option("--price-cached", flags->price_cached,
                      "The same for cached ones; else as --price-in");
  command->add_option("--price-out", flags->price_out, "The same for output tokens")
      ->capture_default_str();
  command
      ->add_option("--cached-share", o.cached_share,
                   "Share of each prompt told as read from the cache")
      ->check(share);
  command->add_option("--rpm", o.rpm, "Requests per minute allowed")->check(shell::number(1e-6));
  command->add_option("--tpm", o.tpm, "Tokens per minute allowed")->check(shell::number(1e-6));
  command
      ->add_option("--hidden-limit", o.hidden_per_second,
                   "Requests a second allowed, which no header tells")
      ->check(shell::number(1e-6));
  command->add_option("--hidden-burst", o.hidden_burst, "Saved up for it")->capture_default_str();
  command->add_option("--hidden-status", o.hidden_status, "Answered above it; 503 as nginx does")
      ->capture_default_str();
  const std::string tiers = "Tiers (service_tier): TIER=VALUE, each may be given more than once";
  command
      ->add_option("--tier-latency", flags->tier_latencies,
                   "Time to answer at a tier, in place of --latency-ms: flex=4s")
      ->type_name("TIER=TIME")
      ->group(tiers);
  command
      ->add_option("--tier-refusals", flags->tier_refusals,
                   "Share of a tier's requests that it has no room for: flex=0.2")
      ->type_name("TIER=SHARE")
      ->group(tiers);
  command
      ->add_option("--tier-of", flags->tier_answers,
                   "Answered at another tier than asked: flex=default")
      ->type_name("TIER=TIER")
      ->group(tiers);
  command->add_option("--key", flags->key,
                      "The only key to accept, in the header that each provider has for it");
  command
      ->add_option("--aws-key", flags->aws_keys,
                   "ID:SECRET; with it signatures are checked. May be given more than once")
      ->type_name("ID:SECRET");
  command
      ->add_option("--token-life", flags->token_life,
                   "How long tokens of POST /token and of the metadata servers are good for; with "
                   "it Vertex AI's calls take no other")
      ->type_name("TIME");
  command
      ->add_option("--certificate", o.certificate_file, "PEM chain; with --certificate-key: HTTPS")
      ->type_name("FILE");
  command->add_option("--certificate-key", o.key_file, "PEM private key")->type_name("FILE");
  command->add_flag("--count-repeats", o.count_repeats, "Count rows that are asked about again");
  command->add_option("--outage", flags->outages,
                      "FROM:TO:KIND, seconds since the start; error, hang or refuse. May be given "
                      "more than once");
  const std::string faults = "Faults: a share of the requests, 0 to 1";
  const auto fault = [&](const char* name, double& portion, const char* meaning) {
    command->add_option(name, portion, meaning)->check(share)->group(faults);
  };
  fault("--error-429", o.faults.error_429, "Answered with 429");
  fault("--error-503", o.faults.error_503, "Answered with 503");
  command
      ->add_option("--error-wait-ms", flags->error_wait_ms,
                   "The retry-after of --error-429 and --error-503; 0 = none")
      ->capture_default_str()
      ->group(faults);
  fault("--error-500", o.faults.error_500, "Answered with 500");
  fault("--reset", o.faults.reset, "Connection reset, no answer");
  fault("--hang", o.faults.hang, "Never answered");
  fault("--truncate", o.faults.truncate, "Cut off at the output limit");
  fault("--garble", o.faults.garble, "Answered with no JSON");
  fault("--chunks", o.faults.chunks, "Mistral: the text as a list of chunks");
  fault("--reasoning-only", o.faults.reasoning_only, "All tokens spent on reasoning, no text");
  fault("--drop-row", o.faults.drop_row, "One row of the pack left out");
  fault("--double-row", o.faults.double_row,
        "One row answered twice, every other time with two contents");
  fault("--foreign-id", o.faults.foreign_id, "One answer with an unknown id");
  fault("--re-id", o.faults.re_id, "One answer with its id misspelt");
  fault("--reorder", o.faults.reorder, "The answers in another order than the rows");
  fault("--fence", o.faults.fence, "The JSON in a code fence, with words around");
  fault("--trailing-comma", o.faults.trailing_comma, "Commas before closing brackets");
  const std::string texts = "Faults: every request whose user message holds a text";
  command->add_option("--poison", o.poison, "Answered with no JSON")->group(texts);
  command->add_option("--refuse", o.refuse, "Refused by the model")->group(texts);
  add_batch_flags(*command, flags->batch, o.batch);
  command->footer(shell::help_footer(
      "GET /stats shows what it has served, and the bill. POST /control with {\"outage\":\"hang\"} "
      "(or error, none; refuse with \"seconds\") breaks and repairs it; {\"batch_seconds\":86400} "
      "lets a day pass for the batches. Ctrl-C stops it.",
      {{"sluice mock --port 8080 --rpm 600 &", ""},
       {"sluice mock --error-500 0.02 --outage 10:20:hang", "faults to practise on"},
       {"sluice mock --batch-turnaround 2h --batch-expire 0.1", "batches, over in 2 s"}}));
  command->callback([flags, &exit_status] { exit_status = serve(*flags); });
}

}  // namespace sluice::cli
