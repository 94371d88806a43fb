// The option tables of the endpoints: one for each profile of codec/registry.h that has a constructor.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "codec/registry.h"
#include "dsl/option_tables.h"

namespace sluice::dsl {
namespace {

using enum ValueType;

constexpr double kMost = 1e15;  // no quota is larger

// What all endpoints take. Where a profile differs (codec/registry.h), `options_of` says so.
constexpr Option kEndpoint[] = {
    {.name = "model",
     .type = text,
     .meaning = "model, as the provider names it",
     .example = {},
     .required = true,
     .min = 1,
     .max = 200},
    {.name = "name",
     .type = text,
     .meaning = "what reports call the endpoint",
     .example = "\"primary\"",
     .fallback = "provider/model, or host/model with a base_url; #2, #3 … when taken",
     .min = 1,
     .max = 200},
    {.name = "base_url",
     .type = text,
     .meaning = "where the API is; for gateways and own servers",
     .example = "\"http://127.0.0.1:8080/v1\"",
     .min = 1,
     .max = 2000},
    {.name = "key",
     .type = secret,
     .meaning = "API key; may be left out with a base_url",
     .example = {},
     .fallback = "none",
     .max = 10000},
    {.name = "keys",
     .type = secrets,
     .meaning =
         "several API keys in place of key: an endpoint for each, with its own quota; the limits "
         "below hold for each",
     .example = "{ s.secret \"KEY_A\", s.secret \"KEY_B\" }",
     .fallback = "none",
     .max = 100},
    {.name = "tiers",
     .type = table,
     .meaning =
         "how to buy the model: an endpoint for each tier, with its own quota and price; the "
         "limits below hold for each. With it, route is \"deadline\" unless it is given",
     .example = "{ \"flex\", \"standard\" }",
     .fallback = "one endpoint, at the tier that the provider takes by itself"},
    {.name = "rpm",
     .type = number,
     .meaning = "requests a minute",
     .example = "30000",
     .fallback = "unknown",
     .min = 1e-6,
     .max = kMost},
    {.name = "tpm",
     .type = number,
     .meaning = "tokens a minute, input and output",
     .example = "150e6",
     .fallback = "unknown",
     .min = 1,
     .max = kMost},
    {.name = "input_tpm",
     .type = number,
     .meaning = "input tokens a minute",
     .example = "400e3",
     .fallback = "unknown",
     .min = 1,
     .max = kMost},
    {.name = "output_tpm",
     .type = number,
     .meaning = "output tokens a minute",
     .example = "80e3",
     .fallback = "unknown",
     .min = 1,
     .max = kMost},
    {.name = "rpd",
     .type = number,
     .meaning = "requests a day",
     .example = "10000",
     .fallback = "unknown",
     .min = 1,
     .max = kMost},
    {.name = "tpd",
     .type = number,
     .meaning = "tokens a day",
     .example = "2e9",
     .fallback = "unknown",
     .min = 1,
     .max = kMost},
    {.name = "max_concurrency",
     .type = whole,
     .meaning = "requests in flight, at most; below it the number is found while running",
     .example = "64",
     .fallback = "256",
     .min = 1,
     .max = 100000},
    {.name = "weight",
     .type = number,
     .meaning = "with route = \"spread\", its share of the requests beside the other endpoints",
     .example = "3",
     .fallback = "1 where another endpoint has a weight",
     .min = 1e-6,
     .max = 1e6},
    {.name = "max_output_tokens",
     .type = whole,
     .meaning = "output tokens of one request, at most; also what a budget counts until it is "
                "answered",
     .example = "4000",
     .fallback = "the model's",
     .min = 1,
     .max = 10e6},
    {.name = "temperature",
     .type = number,
     .meaning = "sampling temperature",
     .example = "0",
     .fallback = "the provider's",
     .min = 0,
     .max = 2},
    {.name = "structured",
     .type = choice,
     .meaning = "how the answer's shape is asked for: as a JSON schema, as any JSON object, or in "
                "words only; left out, a server that refuses one way is asked the next",
     .example = "\"json_schema\"",
     .fallback = "\"json_schema\"",
     .choices = "json_schema|json_object|instruction"},
    {.name = "price",
     .type = table_or_zero,
     .meaning = "what tokens cost; 0 where they cost nothing, as on a server of your own",
     .example = "{ input = 0.75, output = 4.5 }",
     .fallback = "what the file of prices says, else the list price of the model at the tier asked "
                 "for; a model that is not listed counts as free, and with a budget is an error"},
    {.name = "timeout",
     .type = duration,
     .meaning = "for one request, from sending to the last byte",
     .example = "\"120s\"",
     .fallback = "120s; 15m at the tier \"flex\""},
    {.name = "connect_timeout",
     .type = duration,
     .meaning = "for one connection: name look-up, proxy and TLS included",
     .example = "\"10s\"",
     .fallback = "10s"},
    {.name = "first_byte_timeout",
     .type = duration,
     .meaning = "from the request's last byte sent to the answer's first",
     .example = "\"60s\"",
     .fallback = "as timeout"},
    {.name = "ca_file",
     .type = text,
     .meaning = "PEM file of certificates to trust instead of the system's",
     .example = "\"/etc/ssl/own-ca.pem\"",
     .fallback = "the system's",
     .min = 1,
     .max = 4096},
    {.name = "proxy",
     .type = secret,
     .meaning = "HTTP proxy on the way to the endpoint, http://[user:password@]host:port; \"none\" "
                "goes straight",
     .example = "\"http://proxy:3128\"",
     .fallback = "what HTTPS_PROXY, http_proxy, ALL_PROXY and NO_PROXY say",
     .min = 1,
     .max = 2000},
    {.name = "charge_header",
     .type = text,
     .meaning = "response header in which a gateway tells what it charged, in dollars",
     .example = "\"x-charged-usd\"",
     .fallback = "those of the known gateways",
     .min = 1,
     .max = 200},
    {.name = "service_tier",
     .type = text,
     .meaning = "sent as it stands; a request is billed at the tier that its reply names",
     .example = "\"flex\"",
     .fallback = "none",
     .min = 1,
     .max = 100},
};

// What only those take whose profile names it (Profile::options).
constexpr Option kOwn[] = {
    {.name = "region",
     .type = text,
     .meaning = "where the model runs, as the provider names it",
     .example = "\"us-east-1\"",
     .min = 1,
     .max = 100},
    {.name = "regions",
     .type = names,
     .meaning = "several regions: an endpoint for each, with its own quota and ledger line; the "
                "limits below hold for each",
     .example = "{ \"us-east-1\", \"eu-west-1\" }",
     .fallback = "region alone"},
    {.name = "project",
     .type = text,
     .meaning = "the project that is billed",
     .example = "\"my-project\"",
     .fallback = "none; only an API key does without",
     .min = 1,
     .max = 200},
    {.name = "batch_bucket",
     .type = text,
     .meaning =
         "where the files of its batches lie, for the tier \"batch\" at a service that takes "
         "them from a bucket",
     .example = "\"gs://my-bucket/batches\"",
     .fallback = "none; \"batch\" needs it",
     .min = 6,
     .max = 500},
    {.name = "batch_role",
     .type = text,
     .meaning = "the ARN of the role that Bedrock reads and writes these files as",
     .example = "\"arn:aws:iam::123456789012:role/NAME\"",
     .fallback = "none; \"batch\" needs it",
     .min = 1,
     .max = 300},
    {.name = "resource",
     .type = text,
     .meaning = "the first word of the address, in place of base_url",
     .example = "\"my-resource\"",
     .fallback = "that of base_url",
     .min = 1,
     .max = 100},
    {.name = "credentials",
     .type = secret,
     .meaning = "in place of a key, what tokens or signatures are made with (docs/providers.md, "
                "Tokens)",
     .example = "s.secret \"GOOGLE_KEY_FILE\"",
     .fallback = "what the machine has",
     .min = 1,
     .max = 100000},
    {.name = "api",
     .type = choice,
     .meaning = "which of the service's formats is spoken",
     .example = "\"responses\"",
     .fallback = "\"chat\"",
     .choices = "chat|responses"},
    {.name = "cache",
     .type = choice,
     .meaning = "has the provider keep the system text, for five minutes or an hour from its last "
                "use: written at 1.25 or 2 times the input price, read at a tenth; worth it from "
                "some 1,024 to 4,096 tokens on, below which nothing is kept",
     .example = "\"5m\"",
     .fallback = "it is not asked to",
     .choices = "5m|1h"},
    {.name = "profile",
     .type = table,
     .meaning = "how a service differs from those that are known, see profile",
     .example = "{ auth = \"x-api-key\" }",
     .fallback = "as known by its address"},
    {.name = "api_version",
     .type = text,
     .meaning = "sent as api-version",
     .example = "\"2024-10-21\"",
     .fallback = "none",
     .min = 1,
     .max = 100},
};

// The tables of one constructor, and the texts that they show.
struct Constructor {
  std::string model;
  std::string key;
  std::string structured;
  std::string region;
  std::string meaning;
  std::string example;
  std::vector<Option> options;
};

void fill_options(Constructor& constructor, const provider::Profile& profile) {
  for (Option& option : constructor.options) {
    if (option.name == "model") option.example = constructor.model;
    if (option.name == "base_url")
      option.fallback =
          profile.address == nullptr ? profile.base_url
          : profile.default_region.empty() && profile.auth != provider::AuthScheme::aws
              ? "that of the resource"
              : "that of the region";
    if (option.name == "key") option.example = constructor.key;
    if (option.name == "region" && !profile.default_region.empty())
      option.fallback = constructor.region;
    if (option.name == "key" && profile.auth == provider::AuthScheme::aws)
      option.meaning = "API key of Bedrock; without one the requests are signed";
    if (option.name == "structured") option.fallback = constructor.structured;
    if (option.name == "cache" && profile.auth == provider::AuthScheme::google)
      option.meaning =
          "of Claude's models alone: has the provider keep the system text, as s.anthropic's cache";
    if (option.name == "credentials" && profile.auth == provider::AuthScheme::aws) {
      option.meaning =
          "keys that sign the requests: \"ID:SECRET\" or \"ID:SECRET:SESSION\", or a credentials "
          "file as AWS's tools have it, with \"#PROFILE\" behind its path";
      option.example = "s.secret \"AWS_KEYS\"";
      option.fallback = "the machine's, where AWS's tools look for them";
    }
  }
}

void fill_texts(Constructor& constructor, const provider::Dialect& dialect,
                const provider::Profile& profile) {
  const bool own_server = profile.key_variable.empty();
  constructor.model = fmt::format("\"{}\"", profile.example_model);
  constructor.key =
      own_server ? "s.secret \"NAME\"" : fmt::format("s.secret \"{}\"", profile.key_variable);
  constructor.structured = fmt::format("\"{}\"", provider::structured_name(profile.structured));
  constructor.region = fmt::format("\"{}\"", profile.default_region);
  constructor.meaning = &profile == dialect.vendor ? std::string(dialect.meaning)
                        : own_server               ? fmt::format("an own {} server", profile.title)
                                     : fmt::format("an endpoint at {}", profile.title);
  constructor.example = own_server ? fmt::format("s.{} {{ model = {}, max_concurrency = 64 }}",
                                                 profile.name, constructor.model)
                                   : fmt::format("s.{} {{ model = {}, {}, rpm = 4000, tpm = 2e6 }}",
                                                 profile.name, constructor.model,
                                                 profile.example_options.empty()
                                                     ? "key = " + constructor.key
                                                     : std::string(profile.example_options));
}

}  // namespace

std::span<const Section> endpoint_sections() {
  static std::deque<Constructor> constructors;  // the sections hold views
  static const std::vector<Section> all = [] {
    std::vector<Section> sections;
    for (const auto& [dialect, profile] : codec::providers()) {
      if (profile->base_url.empty()) continue;
      Constructor& constructor = constructors.emplace_back();
      fill_texts(constructor, *dialect, *profile);
      constructor.options.assign(std::begin(kEndpoint), std::end(kEndpoint));
      for (const Option& option : kOwn)
        if (std::ranges::find(profile->options, option.name) != profile->options.end())
          constructor.options.push_back(option);
      fill_options(constructor, *profile);
      // With options of its own, a service has a table of its own on the pages.
      const bool own_page = profile == dialect->vendor || !profile->options.empty();
      sections.push_back({.name = profile->name,
                          .kind = SectionKind::endpoint,
                          .meaning = constructor.meaning,
                          .example = constructor.example,
                          .options = constructor.options,
                          .same_as = own_page ? std::string_view() : dialect->vendor->name});
    }
    for (const Section& section : tier_sections()) sections.push_back(section);
    for (const Section& section : price_sections()) sections.push_back(section);
    return sections;
  }();
  return all;
}

}  // namespace sluice::dsl
