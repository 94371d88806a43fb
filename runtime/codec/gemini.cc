// Google's generateContent (docs/providers.md, generateContent).
#include <algorithm>
#include <array>

#include "codec/dialects.h"
#include "codec/gemini_batch.h"
#include "codec/price_rows.h"
#include "codec/shared_rows.h"
#include "codec/vertex.h"
#include "core/json.h"
#include "provider/codec_base.h"
#include "provider/url_text.h"
#include "provider/user_content.h"

namespace sluice::codec {

using namespace provider;  // a codec is written in its words
using namespace shared_rows;

namespace {

// Why the model stopped. Blocked is what this text will never be answered for; what stopped the
// model otherwise (RECITATION, OTHER, MALFORMED_…) may go well the next time.
constexpr std::array<std::string_view, 6> kBlocked = {
    "SAFETY", "BLOCKLIST",    "PROHIBITED_CONTENT",
    "SPII",   "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT"};

// Adds a count to `sum`; false where there is one that cannot be read.
bool add_count(const Element& usage, std::string_view name, std::uint64_t& sum) {
  const auto found = member(usage, name);
  std::uint64_t count = 0;
  if (found && found->get(count) != simdjson::SUCCESS) return false;
  sum += count;
  return true;
}

class GeminiCodec final : public CodecBase {
 public:
  GeminiCodec(const EndpointSpec& endpoint, const Profile& profile)
      : CodecBase(endpoint, profile),
        // A name with a folder ("tunedModels/…") stands below the version as it is.
        path_(profile.auth == AuthScheme::google
                  ? vertex_path(endpoint)
                  : (endpoint.model.contains('/') ? "/" : "/models/") + path_text(endpoint.model) +
                        ":generateContent") {}

  std::string_view path() const override { return path_; }

  BodyFrame frame(const PromptFrame& prompt) const override {
    BodyFrame body;
    core::JsonWriter w(body.prefix);
    w.open('{');
    if (const std::string system = system_text(prompt); !system.empty()) {
      w.key("systemInstruction");
      w.open('{');
      w.key("parts");
      w.open('[');
      w.open('{');
      w.field("text", system);
      w.close('}');
      w.close(']');
      w.close('}');
    }
    generation_config(w, prompt);
    if (!spec_.service_tier.empty()) w.field("serviceTier", spec_.service_tier);
    w.key("contents");
    w.open('[');
    w.open('{');
    w.field("role", "user");
    w.key("parts");
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

  // Each part says its kind of file, so a URL must show it.
  FilesTaken files_taken() const override { return {.gif = false, .untyped_urls = false}; }

  std::shared_ptr<const std::string> content(
      const std::shared_ptr<const std::string>& user_content) const override {
    if (!has_files(*user_content)) return user_content;
    const UserContent user = read_user_content(*user_content);
    auto out = std::make_shared<std::string>();
    out->reserve(user_content->size() + 128 * (user.files.size() + 1));
    for (const ContentFile& file : user.files) {
      const bool inside = file.url.empty();
      *out += inside ? R"({"inlineData":{"mimeType":")" : R"({"fileData":{"mimeType":")";
      out->append(file.media).append(inside ? R"(","data":")" : R"(","fileUri":")");
      out->append(inside ? file.data : file.url).append(R"("}},)");
    }
    out->append(R"({"text":)").append(user.text).append("}");
    return out;
  }

 private:
  void generation_config(core::JsonWriter& w, const PromptFrame& prompt) const {
    const bool json = !prompt.schema.empty() && spec_.structured != StructuredOutput::instruction;
    if (!json && !spec_.max_output_tokens && !spec_.temperature) return;
    w.key("generationConfig");
    w.open('{');
    if (spec_.max_output_tokens) w.field("maxOutputTokens", *spec_.max_output_tokens);
    if (spec_.temperature) w.field("temperature", *spec_.temperature);
    if (json) w.field("responseMimeType", "application/json");
    if (const std::string schema = sent_schema(prompt); json && !schema.empty()) {
      w.key("responseJsonSchema");
      w.raw(schema);
    }
    w.close('}');
  }

  void read_answer(const Element& body, Reply& reply) const override {
    Outcome& outcome = reply.outcome;
    reply.model = text_at(body, "modelVersion");
    if (const auto usage = member(body, "usageMetadata")) {
      read_counts(*usage, outcome);
      outcome.tier = tier_named(text_at(*usage, "trafficType")).value_or(Tier::asked);
    }
    const auto candidates = member(body, "candidates");
    const auto first = candidates ? first_of(*candidates) : std::nullopt;
    if (!first) return without_candidate(body, reply);
    if (const auto content = member(*first, "content")) read_text(*content, reply);
    const std::string_view reason = text_at(*first, "finishReason");
    if (reason == "MAX_TOKENS") {
      reply.finish = Finish::length;
    } else if (std::ranges::find(kBlocked, reason) != kBlocked.end()) {
      reply.finish = Finish::content_filter;
    } else if (reason != "STOP" && !reason.empty()) {
      return not_an_answer(reply, fmt::format("the model stopped without an answer: {}", reason));
    }
  }

  // The prompt was blocked, or this is no answer at all.
  void without_candidate(const Element& body, Reply& reply) const {
    if (const auto feedback = member(body, "promptFeedback")) {
      if (const auto reason = text_at(*feedback, "blockReason"); !reason.empty()) {
        reply.finish = Finish::content_filter;
        reply.text = fmt::format("the prompt was blocked: {}", reason);
        return;
      }
    }
    if (const auto error = error_in(body))
      return fill_failure_inside_ok(reply.outcome, profile_, *error, spec_.key);
    not_an_answer(reply, "no candidates in the reply");
  }

  static void read_text(const Element& content, Reply& reply) {
    simdjson::dom::array parts;
    if (content["parts"].get(parts) != simdjson::SUCCESS) return;
    for (const Element part : parts) {
      bool thought = false;
      if (part["thought"].get(thought) == simdjson::SUCCESS && thought) continue;
      reply.text += text_at(part, "text");
    }
  }

  // Every count may be missing, and is zero then; cached tokens are part of the prompt, thoughts
  // stand beside the answer.
  static void read_counts(const Element& usage, Outcome& outcome) {
    Usage counts;
    const bool read = add_count(usage, "promptTokenCount", counts.input) &&
                      add_count(usage, "toolUsePromptTokenCount", counts.input) &&
                      add_count(usage, "cachedContentTokenCount", counts.cached_input) &&
                      add_count(usage, "thoughtsTokenCount", counts.reasoning) &&
                      add_count(usage, "candidatesTokenCount", counts.output);
    if (!read || counts.input == 0) return;
    counts.cached_input = std::min(counts.cached_input, counts.input);
    counts.output += counts.reasoning;
    outcome.usage = counts;
    outcome.billing = Billing::known;
  }

  std::string path_;
};

std::unique_ptr<Codec> make(const EndpointSpec& endpoint, const Profile& profile) {
  if (endpoint.api == "embeddings") return make_gemini_embeddings(endpoint, profile);
  if (is_claude_at_vertex(endpoint)) return make_messages(endpoint, claude_at_vertex());
  return std::make_unique<GeminiCodec>(endpoint, profile);
}

constexpr SoldTier kTiers[] = {
    {"flex", "flex"}, {"standard", "standard"}, {"priority", "priority"}};

constexpr Profile kGemini = {
    .name = "gemini",
    .title = "Google",
    .base_url = "https://generativelanguage.googleapis.com/v1beta",
    .hosts = kGoogleHosts,
    .example_model = "gemini-3.5-flash-lite",
    .key_variable = "GEMINI_API_KEY",
    .auth = AuthScheme::x_goog_api_key,
    .schema = SchemaKeywords::no_text_limits,
    .embeddings = {.inputs = 100, .tokens = 100 * 2048, .input_tokens = 2048},
    .errors = kGoogleErrors,
    .tiers = kTiers,
    .batch = &kGeminiBatch,
    .models = price_rows::kGoogle,
};

}  // namespace

Dialect gemini() {
  return {.name = "gemini",
          .meaning = "an endpoint that speaks Google's generateContent",
          .make = make,
          .vendor = &kGemini,
          .services = vertex_services(),
          .elsewhere = &kGemini};
}

}  // namespace sluice::codec
