// What the tests of the mock's mind share: requests to it, and what it answers.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "mock/provider_model.h"
#include "provider/row_tags.h"

namespace sluice::mock {

inline const core::Time kNow(std::chrono::seconds(1000));
inline const core::WallTime kWall = core::ManualClock().wall_now();

inline constexpr std::string_view kRowSchema =
    R"({"type":"object","properties":{"n":{"type":"integer","minimum":0,"maximum":999999}}})";
inline const std::string kPackSchema =
    R"({"type":"object","properties":{"answers":{"type":"array","items":{"type":"object",)"
    R"("properties":{"id":{"type":"string"},"n":{"type":"integer","minimum":0,"maximum":999999}}}}}})";

inline http::ServerRequest ask(std::string_view user, std::string_view schema = {}) {
  http::ServerRequest request;
  request.method = "POST";
  request.target = "/v1/chat/completions";
  core::JsonWriter w(request.body);
  w.open('{');
  w.field("model", "m");
  if (!schema.empty()) {
    w.key("response_format");
    w.raw(R"({"type":"json_schema","json_schema":{"name":"a","schema":)" + std::string(schema) +
          "}}");
  }
  w.key("messages");
  w.open('[');
  w.open('{');
  w.field("role", "user");
  w.field("content", user);
  w.close('}');
  w.close(']');
  w.close('}');
  return request;
}

inline http::ServerRequest ask_pack(const std::vector<provider::FramedRow>& rows) {
  std::string user;
  provider::append_framed(user, rows);
  return ask(user, kPackSchema);
}

inline const std::vector<provider::FramedRow> kRows = {
    {"a1", "first"}, {"a2", "second"}, {"a3", "third"}};

inline nlohmann::json content_of(const Decision& decision) {
  const auto reply = nlohmann::json::parse(decision.response.body);
  return nlohmann::json::parse(
      reply.at("choices").at(0).at("message").at("content").get<std::string>());
}

inline std::string header(const Decision& decision, std::string_view name) {
  for (const auto& [key, value] : decision.response.headers) {
    if (key == name) return value;
  }
  return "";
}

inline Options with(std::uint64_t seed, double Faults::* fault, double share) {
  Options options;
  options.seed = seed;
  options.faults.*fault = share;
  return options;
}

}  // namespace sluice::mock
