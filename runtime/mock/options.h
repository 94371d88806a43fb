// What the mock is to be like. Plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/price.h"
#include "core/secret.h"
#include "mock/batch_options.h"
#include "mock/outages.h"
#include "simulate/engine.h"

namespace sluice::mock {

// Shares of the requests, 0…1, that go wrong in each way. A request has one fault at most, so the
// shares of those before `drop_row` should not add up to more than 1; the rest befall answers in
// JSON that have none of those, and should not add up to more than 1 either.
struct Faults {
  double error_429 = 0;  // "rate limit", whatever the quota says
  double error_500 = 0;
  double error_503 = 0;  // as error_429, in a proxy's words
  double reset = 0;      // TCP reset when the request has been read
  double hang = 0;       // never answered
  double cut = 0;        // the body breaks off half way, then TCP reset; billed, since it has run
  double truncate = 0;   // finish_reason "length", the text cut off
  double garble = 0;     // the text is no JSON
  double reasoning_only = 0;  // finish_reason "length", no text, every token told as reasoning
  double chunks = 0;  // the text as a list of chunks, where the format has such; befalls any
  // Of packs alone:
  double drop_row = 0;    // a row's answer is missing
  double double_row = 0;  // a row's answer comes twice, every other time with two contents
  double foreign_id = 0;  // a row's answer carries an id that looks like nobody's
  double re_id = 0;       // a row's answer carries its id with one letter changed
  double reorder = 0;     // the answers stand in another order than the rows
  // Of single answers too:
  double fence = 0;           // in a Markdown code fence, with words around
  double trailing_comma = 0;  // with commas before closing brackets
};

// How a provider sells one tier of a model.
struct Tier {
  std::optional<core::Duration> latency;  // in place of Options::latency
  double refusals = 0;   // share of its requests that get "no capacity for now", unbilled
  std::string answered;  // with this tier in its place; empty = as asked
};

// How long an answer is said to be, in tokens: log-normal with this median and sigma. What the text
// itself does not take of it is told, and billed, as reasoning. A text that takes more, takes more.
struct OutputTokens {
  double median = 0;
  double sigma = 0;
};

struct Options {
  std::string host = "127.0.0.1";
  int port = 0;  // 0 = any free one
  std::uint64_t seed = 1;

  // Time to answer: (latency + latency_per_token × output tokens) × a log-normal factor with median
  // 1 and this sigma.
  core::Duration latency{};
  core::Duration latency_per_token{};
  double latency_sigma = 0;
  int slots = 0;  // so many are served at once, the rest queue; 0 = all
  // Instead of all these: as a server that runs a model itself. What is told as read from the cache is not computed.
  std::optional<simulate::Engine> engine;
  std::optional<OutputTokens> output_tokens;

  std::map<std::string, Tier, std::less<>> tiers;  // by the name that requests ask for

  std::optional<double> rpm;
  std::optional<double> tpm;
  // A limit that no header tells, as nginx's limit_req: so many requests a second, `burst` saved
  // up; above it `hidden_status` with a page of HTML.
  std::optional<double> hidden_per_second;
  double hidden_burst = 1;
  int hidden_status = 503;
  core::Duration error_wait =
      std::chrono::milliseconds(100);  // retry-after of error_429, error_503; 0 = none
  Faults faults;
  // Texts in the user message that decide about every request they stand in; empty = none does.
  std::string poison;  // the answer is no JSON, whatever else was asked
  std::string refuse;  // the model refuses
  std::vector<Outage> outages;
  BatchOptions batch;

  core::Price price;         // for the bill
  double cached_share = 0;   // of each prompt's tokens, told and billed as read from the cache
  core::Secret require_key;  // when not empty: any other gets the provider's 401
  // AWS access keys, id and secret: a signature by another is refused. Empty: signatures are taken
  // on trust.
  std::map<std::string, core::Secret> aws_keys;
  // Of the tokens that the mock issues (mock/access.h); nullopt = an hour, and Vertex AI's calls
  // take any other as well.
  std::optional<core::Duration> token_life;
  bool count_repeats = false;    // keeps a 64-bit hash of every row answered
  std::string certificate_file;  // PEM chain; with key_file turns TLS on
  std::string key_file;
};

}  // namespace sluice::mock
