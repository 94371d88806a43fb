// A provider as data. One wire format (a dialect) is spoken by many services, each with differences
// of its own (docs/providers.md): where it is, how it takes the key, which schemas it accepts, how
// it counts tokens, which headers tell its quotas, what its errors mean. All of that is a Profile,
// so that another service is one more row (runtime/codec/openai_compatible.cc) and one fixture file,
// and no code. The lists are in codec/registry.h; what reads a row is in error_table.h,
// rate_hints.h, schema_limits.h and usage.h.
//
// Threads: constant data.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "core/error.h"
#include "core/money.h"
#include "core/price.h"
#include "provider/endpoint.h"
#include "provider/outcome.h"
#include "provider/tier.h"

namespace sluice::provider {

class Codec;
struct BatchService;

// What a response with an error is about, in the order in which rules are tried: those about money
// before those about rates, since both come as 429 and only one of them ever passes.
enum class ErrorKind : std::uint8_t {
  money,
  long_quota,  // of a day or a month
  too_large,
  content,
  access,  // the key, the model, the address
  rate,    // and capacity
  other,   // the rest of 4xx
  server,
};

struct ErrorRule {
  ErrorKind kind = ErrorKind::other;
  int from = 0;  // HTTP status, both ends included
  int to = 0;
  std::string_view name;        // equal to type, code or detail; empty = any
  std::string_view words;       // within the message or the detail, in any case; empty = any
  bool only_long_wait = false;  // only when the server names no wait, or kLongWait and more
  Action action = Action::retry;
  Cause cause = Cause::none;
  Billing billing = Billing::none;
  core::Duration pause{};  // the least wait, whatever the response names
};

// A response header that says something about a quota.
struct RateHeader {
  enum class Part : std::uint8_t { limit, remaining, reset };
  enum class Role : std::uint8_t {
    usual,
    narrower,  // a second limit of the same quota: of the two the tighter counts
    fallback,  // read only where no usual header tells a quota of tokens
  };
  std::string_view name;  // in lower case
  Quota quota;
  Part part;
  double scale = 1;  // from the server's window to the quota's
  Role role = Role::usual;
};

// Which limits a service's strict schema mode accepts. A `pattern` is sent only as "^…$" of what
// all regular expressions have in common: JSON Schema searches for it, but the grammars that
// services make of it take it as the whole text, and some (llama.cpp) refuse one without both
// anchors.
enum class SchemaKeywords : std::uint8_t {
  all,
  no_text_lengths,  // not minLength, maxLength
  no_text_limits,   // nor patterns
  none,             // nor bounds of numbers and lists, nor patterns
};

// Where a reply's counts stand (docs/providers.md, Usage).
struct UsageConvention {
  bool cached_beside_input = false;      // else the cached tokens are part of the input
  bool reasoning_beside_output = false;  // else the reasoning tokens are part of the output
};

// How a key travels (auth/static_key.h); where there is none, credentials that are fetched or
// signed may take its place (auth/make_credentials.h).
enum class AuthScheme : std::uint8_t {
  bearer,
  api_key,         // "api-key: KEY", but a token (a JWT, so "eyJ…") as a bearer
  x_api_key,       // "x-api-key: KEY"
  x_goog_api_key,  // "x-goog-api-key: KEY"
  aws,             // as bearer; without a key a signature over the request (auth/sigv4.h)
  google,          // an API key as x_goog_api_key, a token as a bearer
};

// The two forms of Google's API keys (docs/providers.md, Tokens). Its other keys are access tokens.
inline bool is_google_api_key(std::string_view key) {
  return key.starts_with("AIza") || key.starts_with("AQ.");
}

// What one request to embed texts may hold (docs/providers.md, Embeddings).
struct EmbeddingLimits {
  int inputs = 0;        // texts; 0: the service embeds none
  int tokens = 0;        // of all its texts together
  int input_tokens = 0;  // of one text; 0 = depends on the model
  bool base64 = false;   // the numbers can be asked for as bytes
};

struct ModelFacts {
  core::Price price;          // of the standard tier, with what the other tiers cost
  int max_input_tokens = 0;   // 0 = unknown
  int max_output_tokens = 0;  // 0 = unknown
};

// A row of a price list. The functions complete a price at compile time, in this order: writes(),
// above(), at(), since each takes what is there times its factor.
struct Model {
  std::string_view name;  // in lower case
  ModelFacts facts;
  // Where the price is from (docs/providers.md, Sources) and the day that it was read.
  std::string_view source = {};
  std::string_view as_of = {};

  // What it costs to write to the cache, times the input price.
  consteval Model writes(double brief, double hour) const {
    Model with = *this;
    with.facts.price.cache_write = times(facts.price.input, brief);
    if (hour > 0) with.facts.price.cache_write_1h = times(facts.price.input, hour);
    return with;
  }
  // The service writes to its cache unasked.
  consteval Model unasked() const {
    Model with = *this;
    with.facts.price.writes = core::CacheWrites::brief;
    return with;
  }
  // Above so many input tokens all of a request costs this many times the price.
  consteval Model above(std::uint64_t tokens, double input, double output) const {
    Model with = *this;
    with.facts.price.step = tokens;
    with.facts.price.above = times(facts.price.rates(Tier::asked, 0), input, input, output);
    return with;
  }
  // At this tier. `cached`: cached input has the factor too.
  consteval Model at(Tier tier, double factor, bool cached = true) const {
    Model with = *this;
    const double read = cached ? factor : 1;
    with.facts.price.tiers[static_cast<std::size_t>(tier)] =
        core::TierRates{times(facts.price.rates(Tier::asked, 0), factor, read, factor),
                        times(facts.price.above, factor, read, factor)};
    return with;
  }
  consteval Model from(std::string_view list, std::string_view day) const {
    Model with = *this;
    with.source = list;
    with.as_of = day;
    return with;
  }

 private:
  static consteval core::Money times(core::Money money, double factor) {
    return core::Money::picodollars(
        static_cast<std::int64_t>(static_cast<double>(money.picodollars()) * factor + 0.5));
  }
  static consteval core::Rates times(core::Rates rates, double input, double cached,
                                     double output) {
    rates.input = times(rates.input, input);
    rates.cached_input = times(rates.cached_input, cached);
    rates.output = times(rates.output, output);
    if (rates.cache_write) rates.cache_write = times(*rates.cache_write, input);
    if (rates.cache_write_1h) rates.cache_write_1h = times(*rates.cache_write_1h, input);
    return rates;
  }
};

// Dollars per million tokens, and tokens at most. A dollar per million is a million picodollars a
// token.
consteval Model model(std::string_view name, double input, double cached_input, double output,
                      int max_input, int max_output) {
  const auto price = [](double dollars) {
    return core::Money::picodollars(static_cast<std::int64_t>(dollars * 1e6 + 0.5));
  };
  return {name, {{price(input), price(cached_input), price(output)}, max_input, max_output}};
}

// A tier that a service sells its models in: our name for it, and what `service_tier` says.
struct SoldTier {
  std::string_view name;  // "flex", "standard", "priority", "fast"
  std::string_view wire;
};

struct Profile {
  // "groq": the constructor s.groq, and what the names of its endpoints begin with.
  std::string_view name;
  std::string_view title;  // "Groq"
  // Where its API is, unless the pipeline says otherwise. Empty: it has no constructor and is only
  // recognised by its hosts.
  std::string_view base_url = {};
  // Where it is when that depends on the endpoint's options, so that base_url is an example only;
  // called for an endpoint that has a base_url, too, for what is wrong with its options. Its error's
  // message says what is missing, `where` what to write.
  core::Result<std::string> (*address)(const EndpointSpec& endpoint) = nullptr;
  // The options that its constructor takes beyond those of all (dsl/endpoint_options.cc).
  std::span<const std::string_view> options = {};
  std::span<const std::string_view> hosts = {};  // each with its subdomains
  std::string_view example_model = {};
  std::string_view example_options = {};  // beside the model, where that is more than a key
  std::string_view default_region = {};   // of the option `region`
  std::string_view key_variable = {};     // as the examples call it; empty: no key is needed
  AuthScheme auth = AuthScheme::bearer;
  std::string_view output_limit = "max_tokens";  // the name of this field of a request
  // What its constructor asks for, unless the pipeline says otherwise.
  StructuredOutput structured = StructuredOutput::json_schema;
  SchemaKeywords schema = SchemaKeywords::none;
  EmbeddingLimits embeddings = {};
  UsageConvention usage = {};
  std::span<const ErrorRule> errors = {};  // of each kind, tried before the common ones
  std::span<const RateHeader> rate_headers = {};
  std::string_view wait_header = {};     // seconds to wait, on a 429 without retry-after
  std::span<const SoldTier> tiers = {};  // docs/providers.md, Tiers
  const BatchService* batch =
      nullptr;  // its batch API (batch_api.h); null: none that is known here
  // In lower case: where the error's name is, up to ':' or behind '#'; empty: in the body.
  std::string_view error_header = {};
  // List prices and limits: a list of codec/price_rows.h.
  std::span<const Model> models = {};
};

// Whether `credentials` is a file's name: at Google's services, where it is not the text of such a
// file itself, a JSON object.
inline bool names_credentials_file(const EndpointSpec& endpoint) {
  const Profile* profile = endpoint.provider.profile;
  return profile != nullptr && profile->auth == AuthScheme::google &&
         !endpoint.credentials.empty() && !endpoint.credentials.reveal().starts_with('{');
}

// One wire format.
struct Dialect {
  std::string_view name;     // "openai"
  std::string_view meaning;  // of its vendor's constructor, one line
  std::unique_ptr<Codec> (*make)(const EndpointSpec& endpoint, const Profile& profile) = nullptr;
  const Profile* vendor = nullptr;         // whose format it is
  std::span<const Profile> services = {};  // that speak it too
  const Profile* elsewhere = nullptr;      // at a host that none of them names
};

}  // namespace sluice::provider
