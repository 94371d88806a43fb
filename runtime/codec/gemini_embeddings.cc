// Google's batchEmbedContents (docs/providers.md, Embeddings): a request in the request for each
// text.
#include "codec/dialects.h"
#include "codec/embedding_reply.h"
#include "core/json.h"
#include "provider/url_text.h"

namespace sluice::codec {

using namespace provider;  // a codec is written in its words

namespace {

class GeminiEmbeddingsCodec final : public EmbeddingCodecBase {
 public:
  GeminiEmbeddingsCodec(const EndpointSpec& endpoint, const Profile& profile)
      : EmbeddingCodecBase(endpoint, profile),
        path_((endpoint.model.contains('/') ? "/" : "/models/") + path_text(endpoint.model) +
              ":batchEmbedContents") {
    core::JsonWriter w(before_);
    w.open('{');
    w.field("model", (endpoint.model.contains('/') ? "" : "models/") + endpoint.model);
    if (endpoint.dimensions > 0) w.field("outputDimensionality", endpoint.dimensions);
    w.key("content");
    w.open('{');
    w.key("parts");
    w.open('[');
    w.open('{');
    w.key("text");
  }

  std::string_view path() const override { return path_; }

  BodyFrame frame(const PromptFrame&) const override { return {R"({"requests":)", "}"}; }

  // ["a","b"] → [{"model":…,"content":{"parts":[{"text":"a"}]}},…]. The texts are as core/json.h
  // writes them, so a quotation mark without a backslash before it is a text's begin or end.
  std::shared_ptr<const std::string> content(
      const std::shared_ptr<const std::string>& texts) const override {
    auto out = std::make_shared<std::string>();
    out->reserve(texts->size() + texts->size() / 4 + before_.size());
    bool inside = false;
    for (std::size_t i = 0; i < texts->size(); ++i) {
      const char c = (*texts)[i];
      if (c == '"' && !inside) *out += before_;
      *out += c;
      if (c == '\\') *out += (*texts)[++i];
      if (c != '"') continue;
      if (inside) *out += kAfter;
      inside = !inside;
    }
    return out;
  }

 private:
  static constexpr std::string_view kAfter = "}]}}";

  void read_answer(const Element& body, Reply& reply) const override {
    reply.model = text_at(body, "modelVersion");
    if (const auto usage = member(body, "usageMetadata")) {
      Usage counts;
      if ((*usage)["promptTokenCount"].get(counts.input) == simdjson::SUCCESS && counts.input > 0) {
        reply.outcome.usage = counts;
        reply.outcome.billing = Billing::known;
      }
    }
    take_vectors(body, "embeddings", reply);
  }

  // They stand in the order of the requests.
  std::string_view read_vectors(const simdjson::dom::array& list, Reply& reply) const override {
    std::vector<float> numbers;
    std::size_t place = 0;
    for (const Element item : list) {
      numbers.clear();
      const auto values = member(item, "values");
      if (!values || !append_floats(*values, numbers))
        return "an embedding is not a list of numbers";
      if (!place_vector(numbers, place++, list.size(), reply))
        return "the vectors differ in length";
    }
    return {};
  }

  std::string path_;
  std::string before_;  // of each text
};

}  // namespace

std::unique_ptr<Codec> make_gemini_embeddings(const EndpointSpec& endpoint,
                                              const Profile& profile) {
  return std::make_unique<GeminiEmbeddingsCodec>(endpoint, profile);
}

}  // namespace sluice::codec
