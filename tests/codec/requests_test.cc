#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "codec/registry.h"
#include "core/json.h"

namespace sluice::codec {
namespace {

using namespace provider;

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

EndpointSpec openai() {
  EndpointSpec spec;
  spec.name = "openai/gpt-5.4-mini";
  spec.base_url = "https://api.openai.com/v1";
  spec.model = "gpt-5.4-mini";
  spec.key = core::Secret("sk-1");
  return spec;
}

EndpointSpec anthropic() {
  EndpointSpec spec;
  spec.name = "anthropic/claude-haiku-4-5";
  spec.provider = find_provider("anthropic");
  spec.base_url = "https://api.anthropic.com";
  spec.model = "claude-haiku-4-5";
  spec.key = core::Secret("sk-ant-1");
  return spec;
}

EndpointSpec bedrock() {
  EndpointSpec spec;
  spec.name = "bedrock/us.amazon.nova-lite-v1:0";
  spec.provider = find_provider("bedrock");
  spec.model = "us.amazon.nova-lite-v1:0";
  return spec;
}

PromptFrame prompt() {
  return {"Be brief.", "answer",
          R"({"type":"object","properties":{"a":{"type":"string","maxLength":9}}})",
          "Reply with one JSON value."};
}

// The body of a request whose user content is `user`.
std::string body_of(const EndpointSpec& spec, const PromptFrame& frame, std::string_view user) {
  const BodyFrame body = make_codec(spec)->frame(frame);
  std::string out = body.prefix;
  core::append_json_string(out, user);
  return out + body.suffix;
}

TEST(OpenAiRequest, CarriesTheSchemaAndAllOptions) {
  EndpointSpec spec = openai();
  spec.max_output_tokens = 800;
  spec.temperature = 0.5;
  spec.service_tier = "flex";
  EXPECT_EQ(
      body_of(spec, prompt(), "say \"hi\""),
      R"({"model":"gpt-5.4-mini","max_completion_tokens":800,"temperature":0.5,"service_tier":"flex",)"
      R"("response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,)"
      R"("schema":{"type":"object","properties":{"a":{"type":"string","description":"length in characters at most 9"}}}}},)"
      R"("messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"say \"hi\""}]})");
}

TEST(OpenAiRequest, IsBareWhereNothingIsAskedFor) {
  EXPECT_EQ(body_of(openai(), {}, "hi"),
            R"({"model":"gpt-5.4-mini","messages":[{"role":"user","content":"hi"}]})");
}

TEST(OpenAiRequest, PutsTheShapeInWordsWhereNoSchemaIsTaken) {
  EndpointSpec spec = openai();
  spec.structured = StructuredOutput::json_object;
  EXPECT_EQ(body_of(spec, prompt(), "hi"),
            R"({"model":"gpt-5.4-mini","response_format":{"type":"json_object"},)"
            R"("messages":[{"role":"system","content":"Be brief.\n\nReply with one JSON value."},)"
            R"({"role":"user","content":"hi"}]})");
  spec.structured = StructuredOutput::instruction;
  PromptFrame frame = prompt();
  frame.system.clear();
  EXPECT_EQ(body_of(spec, frame, "hi"),
            R"({"model":"gpt-5.4-mini","messages":[{"role":"system","content":)"
            R"("Reply with one JSON value."},{"role":"user","content":"hi"}]})");
}

TEST(OpenAiRequest, NamesTheOutputLimitAsTheServiceKnowsIt) {
  EndpointSpec spec = openai();
  spec.max_output_tokens = 5;
  for (const auto& [url, name] : std::vector<std::pair<std::string, std::string>>{
           {"https://api.openai.com/v1", "\"max_completion_tokens\":5"},
           {"https://r.openai.azure.com/openai/v1", "\"max_completion_tokens\":5"},
           {"https://api.mistral.ai/v1", "\"max_tokens\":5"},
           {"http://127.0.0.1:8000/v1", "\"max_tokens\":5"},
           {"https://api.openai.com.evil.example/v1", "\"max_tokens\":5"}}) {
    spec.base_url = url;
    EXPECT_THAT(body_of(spec, {}, "hi"), HasSubstr(name)) << url;
  }
}

TEST(OpenAiRequest, LeavesLimitsInTheSchemaForALocalServer) {
  EndpointSpec spec = openai();
  spec.base_url = "http://127.0.0.1:8000/v1";
  EXPECT_THAT(body_of(spec, prompt(), "hi"), HasSubstr(prompt().schema));
}

TEST(OpenAiRequest, GoesToChatCompletionsWithoutTheKeyInItsHeaders) {
  EXPECT_EQ(make_codec(openai())->path(), "/chat/completions");
  EXPECT_THAT(make_codec(openai())->headers(),
              testing::ElementsAre(Pair("content-type", "application/json"),
                                   Pair("accept", "application/json")));
}

EndpointSpec responses() {
  EndpointSpec spec = openai();
  spec.api = "responses";
  return spec;
}

TEST(ResponsesRequest, CarriesTheSchemaFlatAndAllOptions) {
  EndpointSpec spec = responses();
  spec.max_output_tokens = 800;
  spec.temperature = 0.5;
  spec.service_tier = "flex";
  EXPECT_EQ(
      body_of(spec, prompt(), "say \"hi\""),
      R"({"model":"gpt-5.4-mini","store":false,"max_output_tokens":800,"temperature":0.5,"service_tier":"flex",)"
      R"("text":{"format":{"type":"json_schema","name":"answer","strict":true,)"
      R"("schema":{"type":"object","properties":{"a":{"type":"string","description":"length in characters at most 9"}}}}},)"
      R"("instructions":"Be brief.","input":"say \"hi\""})");
}

TEST(ResponsesRequest, IsBareWhereNothingIsAskedFor) {
  EXPECT_EQ(body_of(responses(), {}, "hi"),
            R"({"model":"gpt-5.4-mini","store":false,"input":"hi"})");
}

TEST(ResponsesRequest, SaysTheShapeInTheInputForJsonObjectAndInTheInstructionsElse) {
  EndpointSpec spec = responses();
  spec.structured = StructuredOutput::json_object;
  EXPECT_EQ(body_of(spec, prompt(), "hi"),
            R"({"model":"gpt-5.4-mini","store":false,"text":{"format":{"type":"json_object"}},)"
            R"("input":[{"role":"system","content":"Be brief.\n\nReply with one JSON value."},)"
            R"({"role":"user","content":"hi"}]})");
  spec.structured = StructuredOutput::instruction;
  EXPECT_EQ(body_of(spec, prompt(), "hi"),
            R"({"model":"gpt-5.4-mini","store":false,)"
            R"("instructions":"Be brief.\n\nReply with one JSON value.","input":"hi"})");
}

TEST(ResponsesRequest, GoesToResponsesAtAnyHost) {
  EndpointSpec spec = responses();
  EXPECT_EQ(make_codec(spec)->path(), "/responses");
  spec.base_url = "http://127.0.0.1:8000/v1";
  EXPECT_EQ(make_codec(spec)->path(), "/responses");
}

// The body of a request whose user content is the list of `texts`.
std::string embedding_body_of(const EndpointSpec& spec, std::string texts) {
  const auto codec = make_codec(spec);
  const BodyFrame body = codec->frame({});
  return body.prefix + *codec->content(std::make_shared<const std::string>(std::move(texts))) +
         body.suffix;
}

TEST(EmbeddingsRequest, CarriesTheTextsAndAsksForBytes) {
  EndpointSpec spec = openai();
  spec.api = "embeddings";
  spec.model = "text-embedding-3-small";
  spec.dimensions = 512;
  EXPECT_EQ(make_codec(spec)->path(), "/embeddings");
  EXPECT_EQ(make_codec(spec)->output_cap(), 0);
  EXPECT_EQ(embedding_body_of(spec, R"(["a","b\"c"])"),
            R"({"model":"text-embedding-3-small","encoding_format":"base64","dimensions":512,)"
            R"("input":["a","b\"c"]})");
}

TEST(EmbeddingsRequest, AsksForNumbersWhereBytesMayNotBeKnown) {
  EndpointSpec spec = openai();
  spec.api = "embeddings";
  spec.base_url = "https://api.mistral.ai/v1";
  spec.model = "mistral-embed";
  EXPECT_EQ(embedding_body_of(spec, R"(["a"])"), R"({"model":"mistral-embed","input":["a"]})");
}

TEST(GeminiEmbeddingsRequest, HoldsARequestForEachText) {
  EndpointSpec spec;
  spec.provider = find_provider("gemini");
  spec.base_url = "https://generativelanguage.googleapis.com/v1beta";
  spec.api = "embeddings";
  spec.model = "gemini-embedding-001";
  spec.dimensions = 768;
  EXPECT_EQ(make_codec(spec)->path(), "/models/gemini-embedding-001:batchEmbedContents");
  EXPECT_EQ(embedding_body_of(spec, R"(["a","\"b\\"])"),
            R"({"requests":[{"model":"models/gemini-embedding-001","outputDimensionality":768,)"
            R"("content":{"parts":[{"text":"a"}]}},)"
            R"({"model":"models/gemini-embedding-001","outputDimensionality":768,)"
            R"("content":{"parts":[{"text":"\"b\\"}]}}]})");
}

TEST(EmbeddingsReply, WithOtherDimensionsThanAskedForEndsTheEndpoint) {
  EndpointSpec spec = openai();
  spec.api = "embeddings";
  spec.dimensions = 4;
  const Reply reply = make_codec(spec)->read(
      200, {}, R"({"data":[{"index":0,"embedding":[1,2]}],"usage":{"prompt_tokens":1}})",
      core::ManualClock().wall_now());
  EXPECT_EQ(reply.outcome.action, Action::stop);
  EXPECT_THAT(reply.outcome.message, HasSubstr("have 2 numbers, not the 4 of dimensions"));
  EXPECT_TRUE(reply.vectors.empty());
}

TEST(AnthropicRequest, CarriesTheSchemaWithoutItsLimits) {
  EndpointSpec spec = anthropic();
  spec.max_output_tokens = 800;
  spec.temperature = 0;
  spec.service_tier = "standard_only";
  EXPECT_EQ(
      body_of(spec, prompt(), "hi"),
      R"({"model":"claude-haiku-4-5","max_tokens":800,"temperature":0,"service_tier":"standard_only",)"
      R"("system":"Be brief.","output_config":{"format":{"type":"json_schema","schema":)"
      R"({"type":"object","properties":{"a":{"type":"string","description":"length in characters at most 9"}}}}},)"
      R"("messages":[{"role":"user","content":"hi"}]})");
}

TEST(AnthropicRequest, AlwaysHasAnOutputLimitThatNeedsNoStreaming) {
  EndpointSpec spec = anthropic();
  EXPECT_THAT(body_of(spec, {}, "hi"), HasSubstr("\"max_tokens\":21333"));
  spec.model = "claude-unknown";
  EXPECT_THAT(body_of(spec, {}, "hi"), HasSubstr("\"max_tokens\":4096"));
}

TEST(AnthropicRequest, PutsTheShapeInWordsWhereNoSchemaIsTaken) {
  EndpointSpec spec = anthropic();
  spec.structured = StructuredOutput::json_object;
  const std::string body = body_of(spec, prompt(), "hi");
  EXPECT_THAT(body, HasSubstr(R"("system":"Be brief.\n\nReply with one JSON value.")"));
  EXPECT_THAT(body, Not(HasSubstr("output_config")));
}

TEST(AnthropicRequest, HasTheSystemTextKeptWhereTheFileAsksForIt) {
  EndpointSpec spec = anthropic();
  spec.cache_writes = core::CacheWrites::brief;
  EXPECT_THAT(
      body_of(spec, prompt(), "hi"),
      HasSubstr(
          R"("system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}])"));
  spec.cache_writes = core::CacheWrites::hour;
  EXPECT_THAT(body_of(spec, prompt(), "hi"),
              HasSubstr(R"("cache_control":{"type":"ephemeral","ttl":"1h"}})"));
  EXPECT_THAT(body_of(spec, {}, "hi"), Not(HasSubstr("cache_control")));
}

TEST(AnthropicRequest, AsksForTheFastTierAsASpeed) {
  EndpointSpec spec = anthropic();
  spec.model = "claude-opus-5";
  spec.service_tier = "fast";
  const std::string body = body_of(spec, prompt(), "hi");
  EXPECT_THAT(body, HasSubstr(R"("speed":"fast",)"));
  EXPECT_THAT(body, Not(HasSubstr("service_tier")));
  EXPECT_THAT(make_codec(spec)->headers(),
              testing::Contains(testing::Pair("anthropic-beta", "fast-mode-2026-02-01")));
}

TEST(BedrockRequest, HasTheSystemTextKeptWhereTheFileAsksForIt) {
  EndpointSpec spec;
  spec.provider = find_provider("bedrock");
  spec.model = "anthropic.claude-haiku-4-5-20251001-v1:0";
  EXPECT_THAT(body_of(spec, prompt(), "hi"), HasSubstr(R"("system":[{"text":"Be brief."}])"));
  spec.cache_writes = core::CacheWrites::brief;
  EXPECT_THAT(body_of(spec, prompt(), "hi"),
              HasSubstr(R"("system":[{"text":"Be brief."},{"cachePoint":{"type":"default"}}])"));
  spec.cache_writes = core::CacheWrites::hour;
  EXPECT_THAT(body_of(spec, prompt(), "hi"),
              HasSubstr(R"({"cachePoint":{"type":"default","ttl":"1h"}}])"));
  EXPECT_THAT(body_of(spec, {}, "hi"), Not(HasSubstr("cachePoint")));
}

TEST(AnthropicRequest, GoesToMessagesWithTheVersion) {
  EndpointSpec spec = anthropic();
  EXPECT_EQ(make_codec(spec)->path(), "/v1/messages");
  EXPECT_THAT(make_codec(spec)->headers(), Contains(Pair("anthropic-version", "2023-06-01")));
  spec.base_url = "https://api.anthropic.com/v1";
  EXPECT_EQ(make_codec(spec)->path(), "/messages");
}

TEST(BedrockRequest, CarriesTheSchemaAsAString) {
  EndpointSpec spec = bedrock();
  spec.max_output_tokens = 800;
  spec.temperature = 0;
  spec.service_tier = "flex";
  EXPECT_EQ(
      body_of(spec, prompt(), "hi"),
      R"({"system":[{"text":"Be brief."}],"inferenceConfig":{"maxTokens":800,"temperature":0},)"
      R"("outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":)"
      R"("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"description\":\"length in characters at most 9\"}}}",)"
      R"("name":"answer"}}}},"serviceTier":{"type":"flex"},)"
      R"("messages":[{"role":"user","content":[{"text":"hi"}]}]})");
}

TEST(BedrockRequest, PutsTheShapeInWordsWhereNoSchemaIsTaken) {
  EndpointSpec spec = bedrock();
  spec.structured = StructuredOutput::json_object;
  EXPECT_EQ(body_of(spec, prompt(), "hi"),
            R"({"system":[{"text":"Be brief.\n\nReply with one JSON value."}],)"
            R"("messages":[{"role":"user","content":[{"text":"hi"}]}]})");
  EXPECT_EQ(body_of(spec, {}, "hi"), R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})");
}

TEST(BedrockRequest, NamesTheModelInThePath) {
  EndpointSpec spec = bedrock();
  EXPECT_EQ(make_codec(spec)->path(), "/model/us.amazon.nova-lite-v1%3A0/converse");
  spec.model = "arn:aws:bedrock:us-east-1:1:inference-profile/m";
  EXPECT_EQ(make_codec(spec)->path(),
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fm/converse");
}

TEST(BedrockRequest, GoesToItsRegionAndToNoOtherHost) {
  EndpointSpec spec = bedrock();
  const auto address = spec.provider.profile->address;
  EXPECT_FALSE(address(spec));
  spec.region = "eu-central-1";
  EXPECT_EQ(address(spec).value_or(""), "https://bedrock-runtime.eu-central-1.amazonaws.com");
  for (const char* region : {"x.evil.example/", "x.evil.example#", "a@b", "us_east", "US-EAST-1"}) {
    spec.region = region;
    EXPECT_FALSE(address(spec)) << region;
  }
}

TEST(Requests, AreJsonWhateverTheUserSays) {
  for (const EndpointSpec& spec : {openai(), responses(), anthropic(), bedrock()}) {
    const std::string body = body_of(spec, prompt(), "\x01\xff \" \\ \n</row>");
    simdjson::dom::parser parser;
    EXPECT_EQ(parser.parse(body).error(), simdjson::SUCCESS) << body;
  }
}

}  // namespace
}  // namespace sluice::codec
