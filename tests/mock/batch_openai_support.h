// Batches of OpenAI's form at the mock, for tests.
#pragma once

#include <string>

#include "tests/mock/batch_support.h"

namespace sluice::mock {

inline json create(BatchMock& mock, int lines, const json& metadata = nullptr) {
  const json file = mock.upload(openai_lines(lines));
  return mock.post("/v1/batches", {{"input_file_id", file.at("id")},
                                   {"endpoint", "/v1/chat/completions"},
                                   {"completion_window", "24h"},
                                   {"metadata", metadata}});
}

inline std::string path(const json& batch) {
  return "/v1/batches/" + batch.at("id").get<std::string>();
}
inline std::string content(const json& file) {
  return "/v1/files/" + file.get<std::string>() + "/content";
}

}  // namespace sluice::mock
