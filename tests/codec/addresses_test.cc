// Services whose address and path depend on the endpoint's options.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/registry.h"

namespace sluice::codec {
namespace {

using namespace provider;

using testing::HasSubstr;

TEST(VertexRequest, NamesProjectLocationAndModelInItsPath) {
  EndpointSpec spec;
  spec.provider = find_provider("vertex");
  spec.model = "gemini-2.5-flash";
  spec.project = "my-project";
  const auto path = [&] { return std::string(make_codec(spec)->path()); };
  const std::string model = "/publishers/google/models/gemini-2.5-flash:generateContent";
  EXPECT_EQ(path(), "/projects/my-project/locations/global" + model);
  spec.region = "us-east1";
  EXPECT_EQ(path(), "/projects/my-project/locations/us-east1" + model);
  spec.project = "a/../b?";
  EXPECT_EQ(path(), "/projects/a%2F..%2Fb%3F/locations/us-east1" + model);
  spec.model = "endpoints/123";
  spec.project = "p";
  EXPECT_EQ(path(), "/projects/p/locations/us-east1/endpoints/123:generateContent");
  spec.model = "gemini-2.5-flash";
  spec.project.clear();
  EXPECT_EQ(path(), model);
}

TEST(VertexRequest, AsksClaudeInAnthropicsFormat) {
  EndpointSpec spec;
  spec.provider = find_provider("vertex");
  spec.base_url = "https://aiplatform.googleapis.com/v1";
  spec.project = "p";
  spec.cache_writes = core::CacheWrites::hour;
  for (const auto& [model, segment] :
       {std::pair<const char*, const char*>{"claude-haiku-4-5@20251001",
                                            "claude-haiku-4-5@20251001"},
        {"publishers/anthropic/models/claude-opus-5", "claude-opus-5"}}) {
    spec.model = model;
    const auto codec = make_codec(spec);
    EXPECT_EQ(codec->path(),
              fmt::format("/projects/p/locations/global/publishers/anthropic/models/{}:rawPredict",
                          segment));
    for (const auto& [name, value] : codec->headers()) EXPECT_NE(name, "anthropic-version");
    PromptFrame prompt;
    prompt.system = "Sort.";
    const BodyFrame body = codec->frame(prompt);
    EXPECT_EQ(body.prefix,
              R"({"anthropic_version":"vertex-2023-10-16","max_tokens":21333,"system":[{"type":)"
              R"("text","text":"Sort.","cache_control":{"type":"ephemeral","ttl":"1h"}}],)"
              R"("messages":[{"role":"user","content":)");
  }
}

TEST(VertexAddress, IsThatOfTheRegion) {
  EndpointSpec spec;
  const Profile& vertex = *find_provider("vertex").profile;
  spec.project = "p";
  for (const auto& [region, host] : {std::pair<const char*, const char*>{"", "aiplatform"},
                                     {"global", "aiplatform"},
                                     {"us-east1", "us-east1-aiplatform"},
                                     {"us", "aiplatform.us.rep"},
                                     {"eu", "aiplatform.eu.rep"}}) {
    spec.region = region;
    EXPECT_EQ(vertex.address(spec).value(), fmt::format("https://{}.googleapis.com/v1", host));
  }
  for (const char* region : {"evil.example/", "a b", "US", "x#"}) {
    spec.region = region;
    EXPECT_FALSE(vertex.address(spec)) << region;
  }
  spec.region = "us-east1";
  spec.project.clear();
  EXPECT_THAT(vertex.address(spec).error().message, HasSubstr("missing option 'project'"));
  spec.key = core::Secret("unread");
  EXPECT_THAT(vertex.address(spec).error().message, HasSubstr("without a project"));
  spec.region.clear();
  EXPECT_TRUE(vertex.address(spec));
  spec.credentials = core::Secret("key.json");
  EXPECT_THAT(vertex.address(spec).error().message, HasSubstr("a key and credentials"));
}

TEST(VertexAddress, SaysWhatIsForOneVendorsModelsAlone) {
  EndpointSpec spec;
  const Profile& vertex = *find_provider("vertex").profile;
  spec.model = "claude-opus-5";
  spec.key = core::Secret("unread");
  EXPECT_THAT(vertex.address(spec).error().message, HasSubstr("'project' for Claude"));
  spec.project = "p";
  spec.cache_writes = core::CacheWrites::brief;
  EXPECT_TRUE(vertex.address(spec));
  spec.model = "gemini-2.5-flash";
  EXPECT_THAT(vertex.address(spec).error().message, HasSubstr("cache is for Claude alone"));
}

TEST(AzureRequest, NamesTheDeploymentInThePathWhereTheVersionIsADate) {
  EndpointSpec spec;
  spec.provider = find_provider("azure");
  spec.model = "my deployment";
  const auto url = [&] {
    const auto base = spec.provider.profile->address(spec);
    EXPECT_TRUE(base) << base.error().message;
    EndpointSpec placed = spec;
    placed.base_url = *base;
    return *base + std::string(make_codec(placed)->path());
  };
  spec.resource = "my-res";
  EXPECT_EQ(url(), "https://my-res.openai.azure.com/openai/v1/chat/completions");
  spec.api_version = "preview";
  EXPECT_EQ(url(),
            "https://my-res.openai.azure.com/openai/v1/chat/completions?api-version=preview");
  spec.api_version = "2025-04-01-preview";
  const std::string dated =
      "/openai/deployments/my%20deployment/chat/completions?api-version=2025-04-01-preview";
  EXPECT_EQ(url(), "https://my-res.openai.azure.com" + dated);
  spec.resource.clear();
  spec.base_url = "http://127.0.0.1:9";
  EXPECT_EQ(url(), "http://127.0.0.1:9" + dated);
  spec.base_url = "https://gateway.example/openai";
  EXPECT_EQ(url(), "https://gateway.example" + dated);
}

TEST(AzureAddress, SaysWhatIsMissingOrContradicts) {
  const auto message = [](auto change) {
    EndpointSpec spec;
    change(spec);
    const auto address = find_provider("azure").profile->address(spec);
    return address ? "" : address.error().message;
  };
  EXPECT_THAT(message([](EndpointSpec&) {}), HasSubstr("missing option 'resource'"));
  EXPECT_THAT(message([](EndpointSpec& s) { s.resource = "evil.example/"; }),
              HasSubstr("not the name of a resource"));
  EXPECT_THAT(message([](EndpointSpec& s) {
                s.resource = "r";
                s.base_url = "https://x";
              }),
              HasSubstr("a resource and a base_url"));
  EXPECT_THAT(message([](EndpointSpec& s) {
                s.base_url = "https://r.openai.azure.com/openai/v1";
                s.api_version = "2024-10-21";
              }),
              HasSubstr("/v1"));
  EXPECT_THAT(message([](EndpointSpec& s) {
                s.resource = "r";
                s.key = core::Secret("k");
                s.credentials = core::Secret("t:c:s");
              }),
              HasSubstr("a key and credentials"));
}

}  // namespace
}  // namespace sluice::codec
