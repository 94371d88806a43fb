// What the tests of the batch APIs share.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "codec/registry.h"

namespace sluice::codec::batch_testing {

using provider::BatchCall;
using provider::BatchJob;
using provider::BatchLine;
using provider::BatchStatus;

inline const std::vector<provider::HeaderView> kNoHeaders;

inline provider::EndpointSpec endpoint_of(const std::string& constructor,
                                          const std::string& base_url = "") {
  provider::EndpointSpec spec;
  spec.provider = find_provider(constructor, base_url);
  spec.base_url = base_url.empty() ? std::string(spec.provider.profile->base_url) : base_url;
  spec.model = "m";
  spec.batch = true;
  return spec;
}

inline BatchStatus read_status(const provider::BatchApi& api, std::string_view body) {
  const auto status = api.status({kNoHeaders, body});
  EXPECT_TRUE(status.has_value()) << (status ? "" : status.error().text());
  return status.value_or(BatchStatus());
}

inline BatchLine read_line(const provider::BatchApi& api, std::string_view text) {
  const auto line = api.line(text);
  EXPECT_TRUE(line.has_value()) << (line ? "" : line.error().text());
  return line.value_or(BatchLine());
}

inline std::string header_of(const BatchCall& call, std::string_view name) {
  for (const auto& [header, value] : call.headers)
    if (header == name) return value;
  return {};
}

// "GET /a\nDELETE /b\n".
inline std::string calls_text(const std::vector<BatchCall>& calls) {
  std::string text;
  for (const BatchCall& call : calls) text += call.method + " " + call.path + "\n";
  return text;
}

}  // namespace sluice::codec::batch_testing
