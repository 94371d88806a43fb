// An endpoint: base URL + model + credential + its own quota and price. The same model in two
// regions, or under two keys, is two endpoints. Plain values.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/price.h"
#include "core/secret.h"

namespace sluice::provider {

// Which API it is: a wire format, and how one service differs from it (profile.h). Pointers to
// constant data, so that what holds an endpoint includes neither.
struct Dialect;
struct Profile;
struct Provider {
  const Dialect* dialect = nullptr;
  const Profile* profile = nullptr;
};

// The dimensions in which a provider limits us.
enum class Quota : std::uint8_t {
  requests_per_minute,
  tokens_per_minute,  // input + output
  input_tokens_per_minute,
  output_tokens_per_minute,
  requests_per_day,
  tokens_per_day,
};
constexpr std::size_t kQuotas = 6;

struct Limits {
  std::array<std::optional<double>, kQuotas> per_window;  // indexed by Quota; nullopt = unknown
  std::optional<int> max_concurrency;                     // requests in flight; a cap
  std::optional<double>& operator[](Quota q) { return per_window[static_cast<std::size_t>(q)]; }
  const std::optional<double>& operator[](Quota q) const {
    return per_window[static_cast<std::size_t>(q)];
  }
};

// Whether the endpoint is given the answer's JSON Schema, or is told the shape in words.
enum class StructuredOutput : std::uint8_t { json_schema, json_object, instruction };

// As the option `structured` names it.
constexpr std::string_view structured_name(StructuredOutput how) {
  switch (how) {
    case StructuredOutput::json_schema:
      return "json_schema";
    case StructuredOutput::json_object:
      return "json_object";
    case StructuredOutput::instruction:
      return "instruction";
  }
  return {};
}

constexpr std::chrono::seconds kDefaultTimeout{120};
constexpr std::chrono::seconds kDefaultConnectTimeout{10};
constexpr int kDefaultMaxConcurrency = 256;

struct EndpointSpec {
  std::string name;   // unique in the pipeline: "openai/gpt-5.4-mini", "openai/gpt-5.4-mini#2"
  Provider provider;  // none: as s.openai with this base_url (codec/registry.h)
  // That of `provider`, where the pipeline file describes the service itself (own_profile.h).
  std::shared_ptr<const Profile> own_profile = nullptr;
  std::string base_url;  // "https://api.openai.com/v1", no trailing slash
  std::string model;
  core::Secret key;  // may be empty (a local server)
  // What a profile's own options say (Profile::options); empty where there are none.
  core::Secret credentials;  // where a token or a signature comes from: a file, or its contents
  std::string region;
  std::string project;
  std::string resource;
  // Which of its formats, where a service has several: "responses"; "embeddings" where texts are
  // embedded, which the pipeline's question says and not the endpoint's options.
  std::string api;
  int dimensions = 0;  // of the vectors; 0 = the model's own
  std::string api_version;
  Limits limits;
  std::optional<core::Price>
      price;  // else the price table's (prices.h); else unknown: zero, and no budget can be held
  // What its requests ask the provider to keep of their prompts. The worst case counts it.
  core::CacheWrites cache_writes = core::CacheWrites::none;
  std::optional<int> max_output_tokens;
  std::optional<double> temperature;
  std::optional<double> weight;  // with Route::spread; > 0
  std::string service_tier;      // sent as it stands when not empty
  // Its requests go into batches (batch_api.h), and no request goes there by itself.
  bool batch = false;
  std::optional<core::Duration> batch_window = {};  // else the service's
  std::optional<core::Duration> batch_search = {};  // how long one that may be there is looked for
  std::uint32_t batch_requests = 0;  // of one batch at most; 0 = as the service has it
  // Where a batch's files lie, at services that take them from a bucket: "gs://bucket/folder",
  // "s3://bucket/folder".
  std::string batch_bucket;
  std::string batch_role;  // the ARN of what Bedrock reads and writes them as
  // One of several ways to buy what one line of the file names: by its `tiers`; beyond the first of
  // its tiers and keys.
  bool of_tiers = false;
  bool same_model = false;
  StructuredOutput structured = StructuredOutput::json_schema;
  bool structured_fixed = false;             // the file names it: no other way is tried
  core::Duration timeout = kDefaultTimeout;  // total, for one request
  core::Duration connect_timeout = kDefaultConnectTimeout;  // DNS to TLS
  // From the request's last byte to the answer's first; nullopt = as timeout.
  std::optional<core::Duration> first_byte_timeout;
  std::string ca_file;  // PEM; empty = the system's certificates
  // Response header, in lower case, in which a gateway tells its charge in dollars; empty = those
  // of the known gateways.
  std::string charge_header;
  // A URL, which may hold a password; "none"; empty = what the environment says.
  core::Secret proxy;
};

}  // namespace sluice::provider
