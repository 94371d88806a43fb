// The constructors of endpoints, one for each row of the registry that has one.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "codec/registry.h"
#include "scratch.h"

namespace sluice::dsl {
namespace {

using provider::Provider;

std::vector<Provider> with_constructor() {
  std::vector<Provider> all = codec::providers();
  std::erase_if(all, [](const Provider& p) { return p.profile->base_url.empty(); });
  return all;
}

// A pipeline with the endpoint s.NAME { model = "m", … }.
core::Result<stages::PipelineSpec> load_endpoint(const Scratch& scratch, std::string_view name,
                                                 std::string_view options) {
  return scratch.load_text(fmt::format(
      R"(local s = require "sluice"
return s.pipeline {{
  name = "job", s.read {{ "in.jsonl" }}, s.pack {{ user = "{{{{a}}}}" }},
  s.dispatch {{ s.{} {{ model = "m", {} }} }}, s.sink {{ "out.jsonl" }},
}})",
      name, options));
}

bool takes_credentials(const provider::Profile& profile) {
  return std::ranges::find(profile.options, "credentials") != profile.options.end();
}

class Constructor : public testing::TestWithParam<Provider> {};

TEST_P(Constructor, MeansItsServiceHereAndAtAnotherAddress) {
  const Scratch scratch;
  const provider::Profile& profile = *GetParam().profile;
  const bool in_a_region = profile.address != nullptr;
  auto loaded = load_endpoint(
      scratch, profile.name,
      fmt::format("key = \"sk-12345678\"{}", in_a_region ? ", region = \"us-east-1\"" : ""));
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  const provider::EndpointSpec& own = loaded->dispatch.endpoints.front();
  EXPECT_EQ(own.name, fmt::format("{}/m", profile.name));
  EXPECT_EQ(own.base_url, profile.base_url);
  EXPECT_EQ(own.provider.profile, &profile);
  EXPECT_EQ(own.structured, profile.structured);

  loaded = load_endpoint(scratch, profile.name, "base_url = \"http://127.0.0.1:9/v1\"");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  const provider::EndpointSpec& moved = loaded->dispatch.endpoints.front();
  EXPECT_EQ(moved.name, "127.0.0.1:9/m");
  EXPECT_EQ(moved.provider.profile,
            profile.name == "openai" ? GetParam().dialect->elsewhere : &profile);
}

TEST_P(Constructor, AsksForAKeyWhereTheServiceDoes) {
  const Scratch scratch;
  const provider::Profile& profile = *GetParam().profile;
  if (takes_credentials(profile)) GTEST_SKIP() << "the machine may have them";
  const auto loaded = load_endpoint(scratch, profile.name, "");
  EXPECT_EQ(loaded.has_value(), profile.key_variable.empty());
  if (loaded) return;
  EXPECT_THAT(loaded.error().message,
              testing::HasSubstr(fmt::format("missing option 'key' for {}", profile.name)));
  EXPECT_THAT(loaded.error().message, testing::HasSubstr(profile.key_variable));
}

INSTANTIATE_TEST_SUITE_P(Registry, Constructor, testing::ValuesIn(with_constructor()),
                         [](const auto& info) { return std::string(info.param.profile->name); });

TEST(Constructors, BedrocksAsksForARegionUnlessItIsElsewhere) {
  const Scratch scratch;
  auto loaded = load_endpoint(scratch, "bedrock", "");
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, testing::HasSubstr("missing option 'region' for bedrock"));
  EXPECT_THAT(loaded.error().message, testing::HasSubstr("add region = \"us-east-1\""));
  loaded = load_endpoint(scratch, "bedrock", "region = \"x.evil.example/\"");
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, testing::HasSubstr("not the name of an AWS region"));
  loaded = load_endpoint(scratch, "bedrock", "region = \"eu-west-1\", credentials = \"A:b\"");
  ASSERT_TRUE(loaded) << loaded.error().message;
  const provider::EndpointSpec& endpoint = loaded->dispatch.endpoints.front();
  EXPECT_EQ(endpoint.base_url, "https://bedrock-runtime.eu-west-1.amazonaws.com");
  EXPECT_EQ(endpoint.region, "eu-west-1");
  EXPECT_EQ(endpoint.credentials.reveal(), "A:b");
}

TEST(Constructors, OpenAisRecognisesAServiceByItsAddress) {
  const Scratch scratch;
  const auto loaded = load_endpoint(scratch, "openai", "base_url = \"https://api.deepseek.com\"");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  const provider::EndpointSpec& endpoint = loaded->dispatch.endpoints.front();
  EXPECT_EQ(endpoint.name, "api.deepseek.com/m");
  EXPECT_EQ(endpoint.provider.profile->name, "deepseek");
  // What a file asks for does not change with what its address is known for.
  EXPECT_EQ(endpoint.structured, provider::StructuredOutput::json_schema);
}

}  // namespace
}  // namespace sluice::dsl
