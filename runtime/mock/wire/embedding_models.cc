#include "wire/embedding_models.h"

#include <array>

namespace sluice::wire {
namespace {

constexpr std::array kEmbeddingModels = {EmbeddingModel{"text-embedding-3-large", 3072},
                                         EmbeddingModel{"text-embedding-3", 1536},
                                         EmbeddingModel{"text-embedding-ada-002", 1536, false},
                                         EmbeddingModel{"gemini-embedding", 3072},
                                         EmbeddingModel{"text-embedding-00", 768},
                                         EmbeddingModel{"codestral-embed", 3072},
                                         EmbeddingModel{"mistral-embed", 1024, false},
                                         EmbeddingModel{"", 768}};

}  // namespace

const EmbeddingModel& embedding_model(std::string_view name) {
  for (const EmbeddingModel& model : kEmbeddingModels) {
    if (name.starts_with(model.begins)) return model;
  }
  return kEmbeddingModels.back();
}

}  // namespace sluice::wire
