// Amazon Bedrock's Converse, one format for the models of all vendors (docs/providers.md, Bedrock).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "codec/bedrock_batch.h"
#include "codec/dialects.h"
#include "codec/price_rows.h"
#include "codec/shared_rows.h"
#include "core/json.h"
#include "provider/codec_base.h"
#include "provider/url_text.h"
#include "provider/user_content.h"

namespace sluice::codec {

using namespace provider;  // a codec is written in its words
using namespace shared_rows;

namespace {

constexpr std::array<std::string_view, 2> kComplete = {"end_turn", "stop_sequence"};
constexpr std::array<std::string_view, 2> kCutOff = {"max_tokens", "model_context_window_exceeded"};
constexpr std::array<std::string_view, 2> kBlocked = {"guardrail_intervened", "content_filtered"};
// What the model wrote is not what it was asked for: it may go well the next time.
constexpr std::array<std::string_view, 2> kMalformed = {"malformed_model_output",
                                                        "malformed_tool_use"};

bool one_of(std::string_view text, std::span<const std::string_view> names) {
  return std::ranges::find(names, text) != names.end();
}

constexpr std::uint64_t kMostTokens = 1'000'000'000'000'000;

// nullopt where there is a count that cannot be read; zero where there is none.
std::optional<std::uint64_t> count_at(const Element& usage, std::string_view name) {
  const auto found = member(usage, name);
  std::uint64_t count = 0;
  if (found && found->get(count) != simdjson::SUCCESS) return std::nullopt;
  return count <= kMostTokens ? std::optional(count) : std::nullopt;
}

class BedrockCodec final : public CodecBase {
 public:
  BedrockCodec(const EndpointSpec& endpoint, const Profile& profile)
      : CodecBase(endpoint, profile),
        path_("/model/" + segment_text(endpoint.model) + "/converse") {}

  std::string_view path() const override { return path_; }

  BodyFrame frame(const PromptFrame& prompt) const override {
    BodyFrame body;
    core::JsonWriter w(body.prefix);
    w.open('{');
    if (const std::string system = system_text(prompt); !system.empty()) {
      w.key("system");
      w.open('[');
      w.open('{');
      w.field("text", system);
      w.close('}');
      if (spec_.cache_writes != core::CacheWrites::none) cache_point(w);
      w.close(']');
    }
    inference_config(w);
    // There is no json_object mode here: both lesser modes are the words in the system text.
    if (const std::string schema = sent_schema(prompt); !schema.empty())
      output_config(w, prompt.schema_name, schema);
    if (!spec_.service_tier.empty()) {
      w.key("serviceTier");
      w.open('{');
      w.field("type", spec_.service_tier);
      w.close('}');
    }
    w.key("messages");
    w.open('[');
    w.open('{');
    w.field("role", "user");
    w.key("content");
    w.open('[');
    if (prompt.files) {
      body.suffix = "]}]}";
      return body;
    }
    w.open('{');
    w.key("text");
    body.suffix = "}]}]}";
    return body;
  }

  FilesTaken files_taken() const override { return {.image_urls = false, .document_urls = false}; }

  std::shared_ptr<const std::string> content(
      const std::shared_ptr<const std::string>& user_content) const override {
    if (!has_files(*user_content)) return user_content;
    const UserContent user = read_user_content(*user_content);
    auto out = std::make_shared<std::string>();
    out->reserve(user_content->size() + 128 * (user.files.size() + 1));
    for (std::size_t i = 0; i < user.files.size(); ++i) {
      const ContentFile& file = user.files[i];
      // "image/png" is png here. A document's name must be there, and models read it.
      *out += file.is_document()
                  ? fmt::format(R"({{"document":{{"name":"document-{}","format":"pdf)", i + 1)
                  : fmt::format(R"({{"image":{{"format":"{})",
                                file.media.substr(file.media.find('/') + 1));
      out->append(R"(","source":{"bytes":")").append(file.data).append(R"("}}},)");
    }
    out->append(R"({"text":)").append(user.text).append("}");
    return out;
  }

 private:
  // What stands before it is kept. Five minutes is the time without a ttl too, which not all models take.
  void cache_point(core::JsonWriter& w) const {
    w.open('{');
    w.key("cachePoint");
    w.raw(spec_.cache_writes == core::CacheWrites::hour ? R"({"type":"default","ttl":"1h"})"
                                                        : R"({"type":"default"})");
    w.close('}');
  }

  void inference_config(core::JsonWriter& w) const {
    if (!spec_.max_output_tokens && !spec_.temperature) return;
    w.key("inferenceConfig");
    w.open('{');
    if (spec_.max_output_tokens) w.field("maxTokens", *spec_.max_output_tokens);
    if (spec_.temperature) w.field("temperature", *spec_.temperature);
    w.close('}');
  }

  // The schema stands in it as a string.
  static void output_config(core::JsonWriter& w, std::string_view name, std::string_view schema) {
    for (const char* key : {"outputConfig", "textFormat"}) {
      w.key(key);
      w.open('{');
    }
    w.field("type", "json_schema");
    for (const char* key : {"structure", "jsonSchema"}) {
      w.key(key);
      w.open('{');
    }
    w.field("schema", schema);
    w.field("name", name);
    for (int i = 0; i < 4; ++i) w.close('}');
  }

  void read_answer(const Element& body, Reply& reply) const override {
    if (const auto usage = member(body, "usage")) read_counts(*usage, reply.outcome);
    if (const auto tier = member(body, "serviceTier"))
      reply.outcome.tier = tier_named(text_at(*tier, "type")).value_or(Tier::asked);
    const auto output = member(body, "output");
    const auto message = output ? member(*output, "message") : std::nullopt;
    simdjson::dom::array blocks;
    if (!message || (*message)["content"].get(blocks) != simdjson::SUCCESS) {
      if (const auto error = error_in(body))
        return fill_failure_inside_ok(reply.outcome, profile_, *error, spec_.key);
      return not_an_answer(reply, "no output.message.content in the reply");
    }
    // Blocks of another kind (reasoningContent, toolUse, …) have no text of their own.
    for (const Element block : blocks) reply.text += text_at(block, "text");
    const std::string_view reason = text_at(body, "stopReason");
    if (one_of(reason, kMalformed))
      return not_an_answer(reply, fmt::format("the model stopped without an answer: {}", reason));
    reply.finish = finish_of(reason);
  }

  static Finish finish_of(std::string_view reason) {
    if (reason.empty() || one_of(reason, kComplete)) return Finish::stop;
    if (one_of(reason, kCutOff)) return Finish::length;
    if (one_of(reason, kBlocked)) return Finish::content_filter;
    return Finish::other;  // tool_use
  }

  // What came from the cache and what was written to it stand beside the input.
  void read_counts(const Element& usage, Outcome& outcome) const {
    const auto input = count_at(usage, "inputTokens");
    const auto output = count_at(usage, "outputTokens");
    const auto cached = count_at(usage, "cacheReadInputTokens");
    const auto written = count_at(usage, "cacheWriteInputTokens");
    if (!input || !output || !cached || !written) return;
    const std::uint64_t all = *input + *cached + *written;
    if (all == 0) return;
    const std::uint64_t hour = std::min(hour_writes(usage, *written), *written);
    outcome.usage = {.input = all,
                     .cached_input = *cached,
                     .output = *output,
                     .cache_write = *written - hour,
                     .cache_write_1h = hour};
    outcome.billing = Billing::known;
  }

  // Of what was written, the part for an hour; where the reply does not say, as the request asked.
  std::uint64_t hour_writes(const Element& usage, std::uint64_t written) const {
    simdjson::dom::array details;
    const auto found = member(usage, "cacheDetails");
    if (!found || found->get(details) != simdjson::SUCCESS || details.size() == 0)
      return spec_.cache_writes == core::CacheWrites::hour ? written : 0;
    std::uint64_t hour = 0;
    for (const Element detail : details)
      if (text_at(detail, "ttl") == "1h") hour += count_at(detail, "inputTokens").value_or(0);
    return hour;
  }

  std::string path_;
};

std::unique_ptr<Codec> make(const EndpointSpec& endpoint, const Profile& profile) {
  return std::make_unique<BedrockCodec>(endpoint, profile);
}

// The region is part of the host's name, and must not be able to change whose host it is.
core::Result<std::string> address(const EndpointSpec& endpoint) {
  const std::string& region = endpoint.region;
  if (endpoint.batch)
    if (const auto fits = check_bedrock_batch(endpoint); !fits)
      return std::unexpected(fits.error());
  if (region.empty() && !endpoint.base_url.empty()) return endpoint.base_url;
  if (region.empty())
    return core::fail(core::ErrorCode::pipeline, "missing option 'region' for bedrock",
                      "add region = \"us-east-1\", or the base_url of a gateway");
  const bool fits = std::ranges::all_of(
      region, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
  if (!fits || region.size() > 40)
    return core::fail(core::ErrorCode::pipeline, "region is not the name of an AWS region",
                      "for example region = \"us-east-1\"");
  return fmt::format("https://bedrock-runtime.{}.amazonaws.com", region);
}

constexpr std::string_view kHosts[] = {"amazonaws.com"};
constexpr std::string_view kOptions[] = {"region", "regions",      "credentials",
                                         "cache",  "batch_bucket", "batch_role"};

constexpr ErrorRule kErrors[] = {
    // clang-format off
    // A model that says so in its own words.
    {Kind::too_large, 400, 400, "", "input is too long", false, Action::split, Cause::too_large},
    {Kind::too_large, 400, 400, "", "too many input tokens", false, Action::split, Cause::too_large},
    // The keys, or the clock.
    {Kind::access, 400, 403, "ExpiredTokenException", "", false, Action::stop, Cause::auth},
    {Kind::access, 400, 403, "ExpiredToken", "", false, Action::stop, Cause::auth},
    {Kind::access, 400, 403, "RequestExpired", "", false, Action::stop, Cause::auth},
    {Kind::access, 400, 403, "InvalidSignatureException", "", false, Action::stop, Cause::auth},
    {Kind::access, 400, 403, "IncompleteSignatureException", "", false, Action::stop, Cause::auth},
    {Kind::access, 400, 403, "IncompleteSignature", "", false, Action::stop, Cause::auth},
    {Kind::access, 400, 403, "UnrecognizedClientException", "", false, Action::stop, Cause::auth},
    {Kind::access, 400, 403, "MissingAuthenticationTokenException", "", false, Action::stop, Cause::auth},
    {Kind::access, 400, 403, "NotAuthorized", "", false, Action::stop, Cause::auth},
    {Kind::access, 403, 403, "AccessDeniedException", "", false, Action::stop, Cause::forbidden},
    {Kind::access, 404, 404, "ResourceNotFoundException", "", false, Action::stop, Cause::not_found},
    {Kind::access, 400, 400, "ValidationException", "model identifier is invalid", false, Action::stop, Cause::not_found},
    {Kind::access, 400, 400, "ValidationException", "on-demand throughput", false, Action::stop, Cause::not_found},
    // A quota of the account, not a bad request.
    {Kind::rate, 400, 400, "ServiceQuotaExceededException", "", false, Action::move, Cause::capacity},
    // A model that is being loaded: it says nothing of the rate.
    {Kind::rate, 429, 429, "ModelNotReadyException", "", false, Action::retry, Cause::server_error},
    {Kind::other, 408, 408, "ModelTimeoutException", "", false, Action::move, Cause::timeout, Billing::possible},
    // Of a name that is taken; no call that is made here has such names.
    {Kind::other, 400, 400, "ConflictException", "", false, Action::dead, Cause::conflict},
    {Kind::other, 424, 424, "ModelErrorException", "", false, Action::retry, Cause::server_error},
    // clang-format on
};

constexpr Profile kBedrock = {
    .name = "bedrock",
    .title = "Amazon Bedrock",
    .base_url = "https://bedrock-runtime.us-east-1.amazonaws.com",
    .address = address,
    .options = kOptions,
    .hosts = kHosts,
    .example_model = "us.amazon.nova-lite-v1:0",
    .example_options = "region = \"us-east-1\"",
    .key_variable = "AWS_BEARER_TOKEN_BEDROCK",
    .auth = AuthScheme::aws,
    .errors = kErrors,
    .tiers = kOpenAiTiers,
    .batch = &kBedrockBatch,
    .error_header = "x-amzn-errortype",
    .models = price_rows::kBedrock,
};

}  // namespace

Dialect bedrock() {
  return {.name = "bedrock",
          .meaning = "an endpoint that speaks Amazon Bedrock's Converse",
          .make = make,
          .vendor = &kBedrock,
          .elsewhere = &kBedrock};
}

}  // namespace sluice::codec
