// Anthropic's Messages API (docs/providers.md, Messages), also as Vertex AI has it.
#include <algorithm>

#include "codec/anthropic_batch.h"
#include "codec/dialects.h"
#include "codec/price_rows.h"
#include "codec/prices.h"
#include "codec/shared_rows.h"
#include "codec/vertex.h"
#include "core/json.h"
#include "provider/codec_base.h"
#include "provider/user_content.h"

namespace sluice::codec {

using namespace provider;  // a codec is written in its words
using namespace shared_rows;

namespace {

constexpr std::string_view kVersion = "2023-06-01";
constexpr std::string_view kVertexVersion = "vertex-2023-10-16";
constexpr std::string_view kFast = "fast";
constexpr std::string_view kFastBeta = "fast-mode-2026-02-01";  // some models demand it
constexpr int kDefaultMaxTokens = 4096;
// Beyond this many the answer may take longer than ten minutes, and should be streamed.
constexpr int kMostUnstreamedTokens = 21'333;

Finish finish_of_stop_reason(std::string_view reason) {
  if (reason == "end_turn" || reason == "stop_sequence" || reason.empty()) return Finish::stop;
  if (reason == "max_tokens" || reason == "model_context_window_exceeded") return Finish::length;
  if (reason == "refusal") return Finish::refusal;
  return Finish::other;  // tool_use
}

class AnthropicCodec final : public CodecBase {
 public:
  AnthropicCodec(const EndpointSpec& endpoint, const Profile& profile)
      : CodecBase(endpoint, profile),
        at_vertex_(profile.auth == AuthScheme::google),
        fast_(!at_vertex_ && endpoint.service_tier == kFast),
        path_(at_vertex_                           ? vertex_path(endpoint)
              : endpoint.base_url.ends_with("/v1") ? "/messages"
                                                   : "/v1/messages") {}

  std::string_view path() const override { return path_; }

  std::vector<std::pair<std::string, std::string>> headers() const override {
    auto headers = CodecBase::headers();
    if (!at_vertex_) headers.emplace_back("anthropic-version", kVersion);
    if (fast_) headers.emplace_back("anthropic-beta", kFastBeta);
    return headers;
  }

  std::optional<int> output_cap() const override { return max_tokens(); }

  BodyFrame frame(const PromptFrame& prompt) const override {
    BodyFrame body;
    core::JsonWriter w(body.prefix);
    w.open('{');
    if (at_vertex_) {
      w.field("anthropic_version", kVertexVersion);
    } else {
      w.field("model", spec_.model);
    }
    w.field("max_tokens", max_tokens());
    if (spec_.temperature) w.field("temperature", *spec_.temperature);
    if (!spec_.service_tier.empty()) w.field(fast_ ? "speed" : "service_tier", spec_.service_tier);
    if (const std::string system = system_text(prompt); !system.empty()) system_field(w, system);
    // There is no json_object mode here: both lesser modes are the words in the system text.
    if (const std::string schema = sent_schema(prompt); !schema.empty()) {
      w.key("output_config");
      w.open('{');
      w.key("format");
      w.open('{');
      w.field("type", "json_schema");
      w.key("schema");
      w.raw(schema);
      w.close('}');
      w.close('}');
    }
    w.key("messages");
    w.open('[');
    w.open('{');
    w.field("role", "user");
    w.key("content");
    body.suffix = "}]}";
    return body;
  }

  std::shared_ptr<const std::string> content(
      const std::shared_ptr<const std::string>& user_content) const override {
    if (!has_files(*user_content)) return user_content;
    const UserContent user = read_user_content(*user_content);
    auto out = std::make_shared<std::string>("[");
    out->reserve(user_content->size() + 128 * (user.files.size() + 1));
    for (const ContentFile& file : user.files) {
      out->append(R"({"type":")").append(file.is_document() ? "document" : "image");
      if (file.url.empty()) {
        out->append(R"(","source":{"type":"base64","media_type":")").append(file.media);
        out->append(R"(","data":")").append(file.data);
      } else {
        out->append(R"(","source":{"type":"url","url":")").append(file.url);
      }
      *out += R"("}},)";
    }
    out->append(R"({"type":"text","text":)").append(user.text).append("}]");
    return out;
  }

 private:
  // What all requests share stands first, so it is what can be kept: the schema and the system text.
  void system_field(core::JsonWriter& w, const std::string& system) const {
    if (spec_.cache_writes == core::CacheWrites::none) return w.field("system", system);
    w.key("system");
    w.open('[');
    w.open('{');
    w.field("type", "text");
    w.field("text", system);
    w.key("cache_control");
    w.raw(spec_.cache_writes == core::CacheWrites::hour ? R"({"type":"ephemeral","ttl":"1h"})"
                                                        : R"({"type":"ephemeral"})");
    w.close('}');
    w.close(']');
  }

  int max_tokens() const {
    if (spec_.max_output_tokens) return *spec_.max_output_tokens;
    const auto facts = model_facts(spec_.model);
    if (!facts || facts->max_output_tokens == 0) return kDefaultMaxTokens;
    return std::min(facts->max_output_tokens, kMostUnstreamedTokens);
  }

  // The speed says how a request was taken that asked for the fast one; without it, at its worst.
  Tier tier_of(const Element& usage) const {
    const std::string_view speed = text_at(usage, "speed");
    if (speed == kFast) return Tier::fast;
    if (fast_ && speed.empty()) return Tier::asked;
    return tier_named(text_at(usage, "service_tier"))
        .value_or(fast_ ? Tier::standard : Tier::asked);
  }

  void read_answer(const Element& body, Reply& reply) const override {
    Outcome& outcome = reply.outcome;
    reply.model = text_at(body, "model");
    if (const auto usage = member(body, "usage")) {
      take_usage(*usage, outcome);
      outcome.tier = tier_of(*usage);
    }
    simdjson::dom::array blocks;
    if (body["content"].get(blocks) != simdjson::SUCCESS) {
      if (const auto error = error_in(body)) {
        return fill_failure_inside_ok(outcome, profile_, *error, spec_.key);
      }
      return not_an_answer(reply, "no content in the reply");
    }
    for (const Element block : blocks) {
      if (text_at(block, "type") == "text") reply.text += text_at(block, "text");
    }
    const std::string_view reason = text_at(body, "stop_reason");
    // A turn that a server's tool has broken off. No request here has tools, so there is nothing to go on with.
    if (reason == "pause_turn")
      return not_an_answer(reply, "the model paused its turn (pause_turn), and no tools were sent");
    reply.finish = finish_of_stop_reason(reason);
    if (reply.finish == Finish::refusal && reply.text.empty()) {
      if (const auto details = member(body, "stop_details")) {
        reply.text = text_at(*details, "explanation");
      }
    }
  }

  bool at_vertex_;  // there the model stands in the path, and the version in the body
  bool fast_;       // a tier of its own here, which the API calls a speed
  std::string path_;
};

constexpr std::string_view kOptions[] = {"cache", "profile"};

constexpr provider::SoldTier kTiers[] = {
    {"standard", "standard_only"}, {"priority", "auto"}, {kFast, kFast}};

constexpr RateHeader kFastRateHeaders[] = {
    {"anthropic-fast-input-tokens-limit", Quota::input_tokens_per_minute, Part::limit},
    {"anthropic-fast-input-tokens-remaining", Quota::input_tokens_per_minute, Part::remaining},
    {"anthropic-fast-input-tokens-reset", Quota::input_tokens_per_minute, Part::reset},
    {"anthropic-fast-output-tokens-limit", Quota::output_tokens_per_minute, Part::limit},
    {"anthropic-fast-output-tokens-remaining", Quota::output_tokens_per_minute, Part::remaining},
    {"anthropic-fast-output-tokens-reset", Quota::output_tokens_per_minute, Part::reset},
};

constexpr Profile kAnthropic = {
    .name = "anthropic",
    .title = "Anthropic",
    .base_url = "https://api.anthropic.com/v1",
    .options = kOptions,
    .hosts = kAnthropicHosts,
    .example_model = "claude-haiku-4-5",
    .key_variable = "ANTHROPIC_API_KEY",
    .auth = AuthScheme::x_api_key,
    .usage = {.cached_beside_input = true},
    .errors = kAnthropicErrors,
    .rate_headers = kAnthropicRateHeaders,
    .tiers = kTiers,
    .batch = &kAnthropicBatch,
    .models = price_rows::kAnthropic,
};

// Fast requests have limits of their own, and headers that report these.
constexpr Profile kAnthropicFast = [] {
  Profile profile = kAnthropic;
  profile.rate_headers = kFastRateHeaders;
  return profile;
}();

}  // namespace

std::unique_ptr<Codec> make_messages(const EndpointSpec& endpoint, const Profile& profile) {
  if (&profile == &kAnthropic && endpoint.service_tier == kFast)
    return std::make_unique<AnthropicCodec>(endpoint, kAnthropicFast);
  return std::make_unique<AnthropicCodec>(endpoint, profile);
}

// Errors and headers are Anthropic's at any host.
Dialect anthropic() {
  return {.name = "anthropic",
          .meaning = "an endpoint that speaks Anthropic's messages",
          .make = make_messages,
          .vendor = &kAnthropic,
          .elsewhere = &kAnthropic};
}

}  // namespace sluice::codec
