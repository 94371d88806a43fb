// A row's images and documents as each format carries them (docs/providers.md, Images and documents).
#include <gtest/gtest.h>
#include <simdjson.h>

#include "codec/registry.h"
#include "provider/user_content.h"

namespace sluice::codec {
namespace {

using namespace provider;

EndpointSpec endpoint(std::string_view constructor, std::string api = "") {
  EndpointSpec spec;
  spec.provider = find_provider(constructor);
  spec.name = std::string(constructor);
  spec.model = "m";
  spec.base_url = "https://host/v1";
  spec.project = "p";
  spec.api = std::move(api);
  return spec;
}

// The body of a request with these files.
std::string body_of(const EndpointSpec& spec, const std::vector<ContentFile>& files) {
  const auto codec = make_codec(spec);
  PromptFrame frame;
  frame.files = true;
  const BodyFrame body = codec->frame(frame);
  std::string whole = body.prefix +
                      *codec->content(std::make_shared<const std::string>(
                          write_user_content(files, "say \"hi\""))) +
                      body.suffix;
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(whole).error(), simdjson::SUCCESS) << whole;
  return whole;
}

const std::vector<ContentFile> kInside = {{.media = "image/png", .data = "aGk="},
                                          {.media = "application/pdf", .data = "JVBERg=="}};
const std::vector<ContentFile> kAddresses = {
    {.media = "image/png", .data = {}, .url = "https://h/a.png"},
    {.media = "application/pdf", .data = {}, .url = "https://h/b.pdf"}};
const std::vector<ContentFile> kNone = {};

TEST(Files, InChatCompletionsAreImageUrlsAndFiles) {
  EXPECT_EQ(body_of(endpoint("openai"), kInside),
            R"({"model":"m","messages":[{"role":"user","content":[)"
            R"({"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}},)"
            R"({"type":"file","file":{"filename":"document-2.pdf",)"
            R"("file_data":"data:application/pdf;base64,JVBERg=="}},)"
            R"({"type":"text","text":"say \"hi\""}]}]})");
  EXPECT_EQ(body_of(endpoint("openai"), {kAddresses[0]}),
            R"({"model":"m","messages":[{"role":"user","content":[)"
            R"({"type":"image_url","image_url":{"url":"https://h/a.png"}},)"
            R"({"type":"text","text":"say \"hi\""}]}]})");
  EXPECT_EQ(body_of(endpoint("openai"), kNone),
            R"({"model":"m","messages":[{"role":"user","content":[)"
            R"({"type":"text","text":"say \"hi\""}]}]})");
}

TEST(Files, InResponsesAreInputImagesAndInputFiles) {
  EXPECT_EQ(body_of(endpoint("openai", "responses"), kInside),
            R"({"model":"m","store":false,"input":[{"role":"user","content":[)"
            R"({"type":"input_image","image_url":"data:image/png;base64,aGk="},)"
            R"({"type":"input_file","filename":"document-2.pdf",)"
            R"("file_data":"data:application/pdf;base64,JVBERg=="},)"
            R"({"type":"input_text","text":"say \"hi\""}]}]})");
  EXPECT_EQ(body_of(endpoint("openai", "responses"), kAddresses),
            R"({"model":"m","store":false,"input":[{"role":"user","content":[)"
            R"({"type":"input_image","image_url":"https://h/a.png"},)"
            R"({"type":"input_file","file_url":"https://h/b.pdf"},)"
            R"({"type":"input_text","text":"say \"hi\""}]}]})");
}

TEST(Files, InMessagesAreBlocksWithASource) {
  EXPECT_EQ(body_of(endpoint("anthropic"), kInside),
            R"({"model":"m","max_tokens":4096,"messages":[{"role":"user","content":[)"
            R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}},)"
            R"({"type":"document","source":{"type":"base64","media_type":"application/pdf",)"
            R"("data":"JVBERg=="}},{"type":"text","text":"say \"hi\""}]}]})");
  EXPECT_EQ(body_of(endpoint("anthropic"), kAddresses),
            R"({"model":"m","max_tokens":4096,"messages":[{"role":"user","content":[)"
            R"({"type":"image","source":{"type":"url","url":"https://h/a.png"}},)"
            R"({"type":"document","source":{"type":"url","url":"https://h/b.pdf"}},)"
            R"({"type":"text","text":"say \"hi\""}]}]})");
}

TEST(Files, InGooglesFormatAreParts) {
  for (const std::string_view service : {"gemini", "vertex"}) {
    EXPECT_EQ(body_of(endpoint(service), kInside),
              R"({"contents":[{"role":"user","parts":[)"
              R"({"inlineData":{"mimeType":"image/png","data":"aGk="}},)"
              R"({"inlineData":{"mimeType":"application/pdf","data":"JVBERg=="}},)"
              R"({"text":"say \"hi\""}]}]})");
    EXPECT_EQ(body_of(endpoint(service), kAddresses),
              R"({"contents":[{"role":"user","parts":[)"
              R"({"fileData":{"mimeType":"image/png","fileUri":"https://h/a.png"}},)"
              R"({"fileData":{"mimeType":"application/pdf","fileUri":"https://h/b.pdf"}},)"
              R"({"text":"say \"hi\""}]}]})");
  }
}

TEST(Files, InConverseAreBlocksByTheirFormat) {
  EXPECT_EQ(body_of(endpoint("bedrock"), kInside),
            R"({"messages":[{"role":"user","content":[)"
            R"({"image":{"format":"png","source":{"bytes":"aGk="}}},)"
            R"({"document":{"name":"document-2","format":"pdf","source":{"bytes":"JVBERg=="}}},)"
            R"({"text":"say \"hi\""}]}]})");
}

TEST(Files, NoFormatSendsTheNeutralFormItself) {
  for (const Provider& provider : providers()) {
    EndpointSpec spec = endpoint("openai");
    spec.provider = provider;
    const std::string body = body_of(spec, kInside);
    EXPECT_FALSE(body.contains(R"("files":)")) << provider.profile->name << body;
    EXPECT_TRUE(body.contains("aGk=")) << provider.profile->name << body;
  }
}

TEST(Files, ThatAFormatCannotCarryAreNamed) {
  const auto taken = [](std::string_view constructor, std::string api = "") {
    return make_codec(endpoint(constructor, std::move(api)))->files_taken();
  };
  EXPECT_TRUE(taken("openai").image_urls);
  EXPECT_FALSE(taken("openai").document_urls);
  EXPECT_TRUE(taken("openai", "responses").document_urls);
  EXPECT_TRUE(taken("anthropic").document_urls);
  EXPECT_FALSE(taken("gemini").gif);
  EXPECT_FALSE(taken("vertex").untyped_urls);
  EXPECT_FALSE(taken("bedrock").image_urls);
  EXPECT_FALSE(taken("bedrock").document_urls);
}

}  // namespace
}  // namespace sluice::codec
