#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "codec/registry.h"
#include "mock/content.h"
#include "mock/plans.h"
#include "wire/calls.h"
#include "wire/wires.h"

namespace sluice::mock {
namespace {

http::ServerRequest chat_request(std::string body) {
  http::ServerRequest request;
  request.method = "POST";
  request.target = "/v1/chat/completions";
  request.body = std::move(body);
  return request;
}

std::optional<wire::Asked> read(wire::Reader& reader, const http::ServerRequest& request) {
  const auto found = reader.find(request);
  if (!found) return std::nullopt;
  auto asked = wire::Reader::read(*found, request);
  return asked ? std::optional(std::move(*asked)) : std::nullopt;
}

TEST(ChatReader, ReadsModelTextTokensAndLimit) {
  wire::Reader reader;
  const auto request = read(
      reader,
      chat_request(
          R"({"model":"m","max_tokens":7,"messages":[{"role":"system","content":"abcd"},)"
          R"({"role":"user","content":[{"type":"text","text":"ef"},{"type":"text","text":"ghi"}]}]})"));
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->model, "m");
  EXPECT_EQ(request->user, "efghi");
  EXPECT_EQ(request->prompt_tokens, 3u);  // 9 bytes
  EXPECT_EQ(request->max_output_tokens, 7u);
  EXPECT_EQ(Plans().plan_for(*request), nullptr);
}

TEST(ChatReader, RefusesWhatIsNoRequest) {
  wire::Reader reader;
  for (const char* body :
       {"", "{", "[]", R"({"model":"m"})", R"({"messages":[{"role":"user","content":"x"}]})",
        R"({"model":"m","messages":[]})", R"({"model":"m","messages":[{"content":"x"}]})",
        R"({"model":7,"messages":[{"role":"user","content":"x"}]})"}) {
    EXPECT_FALSE(read(reader, chat_request(body)).has_value()) << body;
  }
}

TEST(ChatReader, UnderstandsWhatTheCodecSendsInEveryMode) {
  provider::PromptFrame prompt;
  prompt.system = "Be brief.";
  prompt.schema_name = "answer";
  prompt.schema =
      R"({"type":"object","properties":{"a":{"type":"integer","minimum":3,"maximum":3}},)"
      R"("required":["a"],"additionalProperties":false})";
  prompt.schema_text = "Fit this:\n```json-schema\n" + prompt.schema + "\n```";
  wire::Reader reader;
  for (const auto mode :
       {provider::StructuredOutput::json_schema, provider::StructuredOutput::json_object,
        provider::StructuredOutput::instruction}) {
    provider::EndpointSpec spec;
    spec.base_url = "http://127.0.0.1:1/v1";
    spec.model = "m";
    spec.structured = mode;
    const provider::BodyFrame frame = codec::make_codec(spec)->frame(prompt);
    const auto request = read(reader, chat_request(frame.prefix + "\"hi\"" + frame.suffix));
    ASSERT_TRUE(request.has_value());
    const auto plan = Plans().plan_for(*request);
    EXPECT_EQ(content_for(plan.get(), rows_of(request->user, plan.get()), 1, Fault::none, 0),
              R"({"a":3})");
  }
}

TEST(ReplyBody, IsWhatTheCodecReads) {
  wire::Answer reply;
  reply.id = 0xABC;
  reply.created = 1'760'000'000;
  reply.model = "m";
  reply.text = "say \"hi\"\n";
  reply.cut = true;
  reply.input = 12;
  reply.output = 3;
  http::ServerResponse response;
  wire::kOpenAiChat.write({}, reply, response);
  provider::EndpointSpec spec;
  spec.base_url = "http://127.0.0.1:1/v1";
  const provider::Reply read =
      codec::make_codec(spec)->read(200, {}, response.body, core::WallTime());
  EXPECT_EQ(read.outcome.action, provider::Action::none);
  EXPECT_EQ(read.text, reply.text);
  EXPECT_EQ(read.finish, provider::Finish::length);
  EXPECT_EQ(read.model, "m");
  EXPECT_EQ(read.outcome.billing, provider::Billing::known);
  EXPECT_EQ(read.outcome.usage, (provider::Usage{12, 0, 3, 0}));
  EXPECT_EQ(nlohmann::json::parse(response.body).at("id"), "chatcmpl-0000000000000abc");
}

TEST(CutText, CutsBetweenCharacters) {
  std::string text = "aé";  // three bytes
  cut_text(text, 2);
  EXPECT_EQ(text, "a");
  cut_text(text, 5);
  EXPECT_EQ(text, "a");
  cut_text(text, 0);
  EXPECT_EQ(text, "");
}

}  // namespace
}  // namespace sluice::mock
