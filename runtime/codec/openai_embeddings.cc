// OpenAI's embeddings, which most services and servers of its dialect have as well
// (docs/providers.md, Embeddings). The user content is a list of texts.
#include "codec/dialects.h"
#include "codec/embedding_reply.h"
#include "core/json.h"

namespace sluice::codec {

using namespace provider;  // a codec is written in its words

namespace {

class EmbeddingsCodec final : public EmbeddingCodecBase {
 public:
  using EmbeddingCodecBase::EmbeddingCodecBase;

  std::string_view path() const override { return "/embeddings"; }

  BodyFrame frame(const PromptFrame&) const override {
    BodyFrame body;
    core::JsonWriter w(body.prefix);
    w.open('{');
    w.field("model", spec_.model);
    // Less than half of what the numbers take as text.
    if (profile_.embeddings.base64) w.field("encoding_format", "base64");
    if (spec_.dimensions > 0) w.field("dimensions", spec_.dimensions);
    w.key("input");
    body.suffix = "}";
    return body;
  }

 private:
  void read_answer(const Element& body, Reply& reply) const override {
    reply.model = text_at(body, "model");
    if (const auto usage = member(body, "usage")) {
      if (const auto counts = read_usage(*usage, profile_.usage, Counts::input_alone)) {
        reply.outcome.usage = *counts;
        reply.outcome.billing = Billing::known;
      }
    }
    take_vectors(body, "data", reply);
  }

  // By their index: they need not come in order.
  std::string_view read_vectors(const simdjson::dom::array& list, Reply& reply) const override {
    const std::size_t count = list.size();
    std::vector<bool> seen(count);
    std::vector<float> numbers;
    std::size_t place = 0;
    for (const Element item : list) {
      std::uint64_t index = place++;
      if (const auto given = member(item, "index"); given && given->get(index) != simdjson::SUCCESS)
        return "a vector's index is not a number";
      if (index >= count || seen[index]) return "the vectors' indices are not 0, 1, 2, …";
      seen[index] = true;
      numbers.clear();
      const auto vector = member(item, "embedding");
      if (!vector || !append_floats(*vector, numbers))
        return "an embedding is neither numbers nor base64 of them";
      if (!place_vector(numbers, index, count, reply)) return "the vectors differ in length";
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<Codec> make_embeddings(const EndpointSpec& endpoint, const Profile& profile) {
  return std::make_unique<EmbeddingsCodec>(endpoint, profile);
}

}  // namespace sluice::codec
