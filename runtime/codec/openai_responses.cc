// OpenAI's Responses: `api = "responses"` of s.openai (docs/providers.md, Responses). Each request
// stands alone: nothing is stored at the service, and no earlier response is named.
#include <fmt/format.h>

#include <array>

#include "codec/dialects.h"
#include "core/json.h"
#include "provider/codec_base.h"
#include "provider/user_content.h"

namespace sluice::codec {

using namespace provider;  // a codec is written in its words

namespace {

// The HTTP status that an error of a failed response stands for. It comes with status 200, so the
// error table would not know it. Names that are not here are about the request.
int status_of_code(std::string_view code) {
  if (code == "server_error" || code == "vector_store_timeout") return 500;
  return code == "rate_limit_exceeded" ? 429 : 400;
}

class ResponsesCodec final : public CodecBase {
 public:
  using CodecBase::CodecBase;

  std::string_view path() const override { return "/responses"; }

  BodyFrame frame(const PromptFrame& prompt) const override {
    BodyFrame body;
    core::JsonWriter w(body.prefix);
    w.open('{');
    w.field("model", spec_.model);
    w.field("store", false);
    if (spec_.max_output_tokens) w.field("max_output_tokens", *spec_.max_output_tokens);
    if (spec_.temperature) w.field("temperature", *spec_.temperature);
    if (!spec_.service_tier.empty()) w.field("service_tier", spec_.service_tier);
    if (!prompt.schema.empty()) text_format(w, prompt);
    const std::string system = system_text(prompt);
    // The word "json" must stand in `input` for json_object; in `instructions` it does not count.
    const bool any_object =
        !prompt.schema.empty() && spec_.structured == StructuredOutput::json_object;
    if (!any_object && !system.empty()) w.field("instructions", system);
    w.key("input");
    if (!any_object && !prompt.files) {
      body.suffix = "}";
      return body;
    }
    w.open('[');
    if (any_object) {
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

  std::shared_ptr<const std::string> content(
      const std::shared_ptr<const std::string>& user_content) const override {
    if (!has_files(*user_content)) return user_content;
    const UserContent user = read_user_content(*user_content);
    auto out = std::make_shared<std::string>("[");
    out->reserve(user_content->size() + 128 * (user.files.size() + 1));
    for (std::size_t i = 0; i < user.files.size(); ++i) {
      const ContentFile& file = user.files[i];
      if (!file.is_document()) {
        *out += R"({"type":"input_image","image_url":")";
      } else if (!file.url.empty()) {
        *out += R"({"type":"input_file","file_url":")";
      } else {
        *out += fmt::format(R"({{"type":"input_file","filename":"document-{}.pdf","file_data":")",
                            i + 1);
      }
      append_as_url(*out, file);
      *out += R"("},)";
    }
    out->append(R"({"type":"input_text","text":)").append(user.text).append("}]");
    return out;
  }

 private:
  // Flat: name, strict and schema stand beside the type.
  void text_format(core::JsonWriter& w, const PromptFrame& prompt) const {
    if (spec_.structured == StructuredOutput::instruction) return;
    w.key("text");
    w.open('{');
    w.key("format");
    w.open('{');
    if (spec_.structured == StructuredOutput::json_object) {
      w.field("type", "json_object");
    } else {
      w.field("type", "json_schema");
      w.field("name", prompt.schema_name);
      w.field("strict", true);
      w.key("schema");
      w.raw(sent_schema(prompt));
    }
    w.close('}');
    w.close('}');
  }

  void read_answer(const Element& body, Reply& reply) const override {
    constexpr std::array<std::string_view, 6> kNames = {"model",  "usage", "status",
                                                        "output", "error", "incomplete_details"};
    const auto [model, usage, status_element, output, error, incomplete] = members(body, kNames);
    reply.model = text_of(model);
    if (usage) take_usage(*usage, reply.outcome);
    const std::string_view status = text_of(status_element);
    if (status == "failed" || status == "cancelled" || (error && !output))
      return broken_off(body, status, reply.outcome);
    if (status == "queued" || status == "in_progress") {
      return not_an_answer(
          reply, fmt::format("the reply's status is {}: it is not an answer yet", status));
    }
    const bool message = output && read_output(*output, reply);
    if (status == "incomplete") {
      const std::string_view reason = incomplete ? text_at(*incomplete, "reason") : "";
      if (reply.finish == Finish::refusal) return;
      reply.finish = reason == "max_output_tokens" ? Finish::length
                     : reason == "content_filter"  ? Finish::content_filter
                                                   : Finish::other;
      return;
    }
    if (!message) not_an_answer(reply, "no message in the reply's output");
  }

  // An error that came with status 200.
  void broken_off(const Element& body, std::string_view status, Outcome& outcome) const {
    ErrorBody error = error_in(body).value_or(ErrorBody());
    const int meant = error.code.empty() ? 0 : status_of_code(error.code);
    if (error.message.empty()) error.message = "the service broke the answer off";
    if (error.type.empty() && error.code.empty()) error.type = status;
    fill_failure_inside_ok(outcome, profile_, error, spec_.key, meant);
  }

  // The texts of all messages; other items (reasoning) stand among them. False: there is none.
  static bool read_output(const Element& output, Reply& reply) {
    simdjson::dom::array items;
    if (output.get(items) != simdjson::SUCCESS) return false;
    bool found = false;
    for (const Element item : items) {
      simdjson::dom::array parts;
      if (text_at(item, "type") != "message") continue;
      if (item["content"].get(parts) != simdjson::SUCCESS) continue;
      found = true;
      for (const Element part : parts) read_part(part, reply);
    }
    return found;
  }

  static void read_part(const Element& part, Reply& reply) {
    const std::string_view type = text_at(part, "type");
    if (type == "output_text" && reply.finish != Finish::refusal)
      reply.text += text_at(part, "text");
    if (type != "refusal") return;
    if (reply.finish != Finish::refusal) reply.text.clear();
    reply.finish = Finish::refusal;
    reply.text += text_at(part, "refusal");
  }
};

}  // namespace

std::unique_ptr<Codec> make_responses(const EndpointSpec& endpoint, const Profile& profile) {
  return std::make_unique<ResponsesCodec>(endpoint, profile);
}

}  // namespace sluice::codec
