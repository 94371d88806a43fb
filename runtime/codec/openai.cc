// Chat completions, as OpenAI defined them and as some twenty services and servers speak them
// (docs/providers.md, Chat completions).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "codec/azure.h"
#include "codec/dialects.h"
#include "codec/openai_batch.h"
#include "codec/price_rows.h"
#include "codec/shared_rows.h"
#include "core/json.h"
#include "provider/codec_base.h"
#include "provider/user_content.h"

namespace sluice::codec {

using namespace provider;  // a codec is written in its words
using namespace shared_rows;

namespace {

constexpr std::array<std::string_view, 3> kLengthFinish = {"length", "max_tokens", "model_length"};
// The service broke off: what there is of an answer is not one (docs/providers.md, Errors inside status 200).
constexpr std::array<std::string_view, 4> kFailedFinish = {"error", "insufficient_system_resource",
                                                           "aborted", "abort"};

bool one_of(std::string_view text, std::span<const std::string_view> names) {
  return std::find(names.begin(), names.end(), text) != names.end();
}

Finish finish_of_reason(std::string_view reason) {
  // Some servers leave it null on a complete answer; a cut one fails its check later.
  if (reason.empty() || reason == "stop" || reason == "eos") return Finish::stop;
  if (one_of(reason, kLengthFinish)) return Finish::length;
  if (reason == "content_filter") return Finish::content_filter;
  if (reason == "refusal") return Finish::refusal;
  return Finish::other;
}

// A string, or a list of chunks of which those of type "text" are the answer (Mistral).
std::string content_of(const std::optional<Element>& content) {
  if (!content) return {};
  std::string_view text;
  if (content->get(text) == simdjson::SUCCESS) return std::string(text);
  std::string joined;
  simdjson::dom::array chunks;
  if (content->get(chunks) != simdjson::SUCCESS) return {};
  for (const Element chunk : chunks) {
    if (text_at(chunk, "type") == "text") joined += text_at(chunk, "text");
  }
  return joined;
}

double number_at(const Element& object, std::string_view key) {
  double number = 0;
  if (object[key].get(number) != simdjson::SUCCESS) return 0;
  return number;
}

// OpenRouter. With the user's own upstream key, `cost` is its fee only.
std::optional<core::Money> charge_of(const Element& usage) {
  double cost = 0;
  if (usage["cost"].get(cost) != simdjson::SUCCESS) return std::nullopt;
  bool own_key = false;
  if (usage["is_byok"].get(own_key) == simdjson::SUCCESS && own_key) {
    if (const auto details = member(usage, "cost_details")) {
      cost += number_at(*details, "upstream_inference_cost");
    }
  }
  return core::Money::from_dollars(cost);
}

class OpenAiCodec final : public CodecBase {
 public:
  OpenAiCodec(const EndpointSpec& endpoint, const Profile& profile)
      : CodecBase(endpoint, profile), path_(azure_path(endpoint, "/chat/completions")) {}

  std::string_view path() const override { return path_; }

  BodyFrame frame(const PromptFrame& prompt) const override {
    BodyFrame body;
    core::JsonWriter w(body.prefix);
    w.open('{');
    w.field("model", spec_.model);
    if (spec_.max_output_tokens) w.field(profile_.output_limit, *spec_.max_output_tokens);
    if (spec_.temperature) w.field("temperature", *spec_.temperature);
    if (!spec_.service_tier.empty()) w.field("service_tier", spec_.service_tier);
    if (!prompt.schema.empty()) response_format(w, prompt);
    w.key("messages");
    w.open('[');
    if (const std::string system = system_text(prompt); !system.empty()) {
      w.open('{');
      w.field("role", "system");
      w.field("content", system);
      w.close('}');
    }
    w.open('{');
    w.field("role", "user");
    w.key("content");
    body.suffix = "}]}";
    return body;
  }

  // There is no URL of a file here.
  FilesTaken files_taken() const override { return {.document_urls = false}; }

  std::shared_ptr<const std::string> content(
      const std::shared_ptr<const std::string>& user_content) const override {
    if (!has_files(*user_content)) return user_content;
    const UserContent user = read_user_content(*user_content);
    auto out = std::make_shared<std::string>("[");
    out->reserve(user_content->size() + 128 * (user.files.size() + 1));
    for (std::size_t i = 0; i < user.files.size(); ++i) {
      const bool document = user.files[i].is_document();
      *out +=
          document
              ? fmt::format(
                    R"({{"type":"file","file":{{"filename":"document-{}.pdf","file_data":")", i + 1)
              : R"({"type":"image_url","image_url":{"url":")";
      append_as_url(*out, user.files[i]);
      *out += R"("}},)";
    }
    out->append(R"({"type":"text","text":)").append(user.text).append("}]");
    return out;
  }

 private:
  void response_format(core::JsonWriter& w, const PromptFrame& prompt) const {
    if (spec_.structured == StructuredOutput::instruction) return;
    w.key("response_format");
    w.open('{');
    if (spec_.structured == StructuredOutput::json_object) {
      w.field("type", "json_object");
    } else {
      w.field("type", "json_schema");
      w.key("json_schema");
      w.open('{');
      w.field("name", prompt.schema_name);
      w.field("strict", true);
      w.key("schema");
      w.raw(sent_schema(prompt));
      w.close('}');
    }
    w.close('}');
  }

  void read_answer(const Element& body, Reply& reply) const override {
    Outcome& outcome = reply.outcome;
    constexpr std::array<std::string_view, 5> kNames = {"model", "usage", "choices", "error",
                                                        "service_tier"};
    const auto [model, usage, choices, error, tier] = members(body, kNames);
    reply.model = text_of(model);
    outcome.tier = tier_named(text_of(tier)).value_or(Tier::asked);
    if (usage) {
      take_usage(*usage, outcome);
      if (!outcome.charged) outcome.charged = charge_of(*usage);
      if (outcome.charged) outcome.billing = Billing::known;
    }
    const auto choice = choices ? first_of(*choices) : std::nullopt;
    if (body.is_array() || error || !choice) {
      if (const auto found = error_in(body))
        return fill_failure_inside_ok(outcome, profile_, *found, spec_.key);
    }
    if (!choice) return no_message(reply);
    constexpr std::array<std::string_view, 2> kChoiceNames = {"finish_reason", "message"};
    const auto [finish_reason, message] = members(*choice, kChoiceNames);
    const std::string_view finish = text_of(finish_reason);
    if (one_of(finish, kFailedFinish)) return broken_off(*choice, finish, outcome);
    if (!message) return no_message(reply);

    constexpr std::array<std::string_view, 2> kMessageNames = {"content", "refusal"};
    const auto [content, refusal] = members(*message, kMessageNames);
    reply.finish = finish_of_reason(finish);
    reply.text = content_of(content);
    if (const std::string_view words = text_of(refusal); !words.empty()) {
      reply.finish = Finish::refusal;
      reply.text = words;
    }
  }

  void no_message(Reply& reply) const {
    not_an_answer(reply, "no choices[0].message in the reply");
  }

  // An error that came with status 200, in mid-answer.
  void broken_off(const Element& choice, std::string_view finish, Outcome& outcome) const {
    ErrorBody error = error_in(choice).value_or(ErrorBody());
    if (error.message.empty()) error.message = "the service broke the answer off";
    if (error.type.empty() && error.code.empty()) error.type = finish;
    fill_failure_inside_ok(outcome, profile_, error, spec_.key);
  }

  std::string path_;
};

std::unique_ptr<Codec> make(const EndpointSpec& endpoint, const Profile& profile) {
  if (endpoint.api == "embeddings") return make_embeddings(endpoint, profile);
  if (endpoint.api == "responses") return make_responses(endpoint, profile);
  return std::make_unique<OpenAiCodec>(endpoint, profile);
}

constexpr std::string_view kHosts[] = {"openai.com"};

constexpr std::string_view kOptions[] = {"api", "profile"};

constexpr Profile kOpenAi = {
    .name = "openai",
    .title = "OpenAI",
    .base_url = "https://api.openai.com/v1",
    .options = kOptions,
    .hosts = kHosts,
    .example_model = "gpt-5.4-mini",
    .key_variable = "OPENAI_API_KEY",
    .output_limit = "max_completion_tokens",    // its newer models refuse max_tokens
    .schema = SchemaKeywords::no_text_lengths,  // "'maxLength' is not permitted"; patterns are
    .embeddings = kOpenAiEmbeddings,
    .rate_headers = kOpenAiRateHeaders,
    .tiers = kOpenAiTiers,
    .batch = &kOpenAiBatch,
    .models = price_rows::kOpenAi,
};

}  // namespace

Dialect openai() {
  return {.name = "openai",
          .meaning =
              "an endpoint that speaks OpenAI's chat completions, as many gateways and own "
              "servers do",
          .make = make,
          .vendor = &kOpenAi,
          .services = openai_services(),
          .elsewhere = openai_elsewhere()};
}

}  // namespace sluice::codec
