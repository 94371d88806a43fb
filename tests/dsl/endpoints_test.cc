// The constructors of endpoints, one for each row of the registry that has one.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "codec/registry.h"
#include "dsl/load.h"
#include "scratch.h"
#include "stages/question.h"

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

// What its options must say beside a model and a key, and with a base_url of the pipeline's own.
std::string needed(const provider::Profile& profile, bool with_base_url) {
  std::string text;
  for (const std::string_view option : profile.options) {
    if (option == "project") text += ", project = \"my-project\"";
    if (option == "region" && profile.default_region.empty() && !with_base_url)
      text += ", region = \"us-east-1\"";
    if (option == "resource" && !with_base_url) text += ", resource = \"my-resource\"";
  }
  return text;
}

class Constructor : public testing::TestWithParam<Provider> {};

TEST_P(Constructor, MeansItsServiceHereAndAtAnotherAddress) {
  const Scratch scratch;
  const provider::Profile& profile = *GetParam().profile;
  auto loaded =
      load_endpoint(scratch, profile.name, "key = \"sk-12345678\"" + needed(profile, false));
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  const provider::EndpointSpec& own = loaded->dispatch.endpoints.front();
  EXPECT_EQ(own.name, fmt::format("{}/m", profile.name));
  EXPECT_EQ(own.base_url, profile.base_url);
  EXPECT_EQ(own.provider.profile, &profile);
  EXPECT_EQ(own.structured, profile.structured);

  loaded = load_endpoint(scratch, profile.name,
                         "base_url = \"http://127.0.0.1:9/v1\"" + needed(profile, true));
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  const provider::EndpointSpec& moved = loaded->dispatch.endpoints.front();
  EXPECT_EQ(moved.name, "127.0.0.1:9/m");
  EXPECT_EQ(moved.provider.profile,
            profile.name == "openai" ? GetParam().dialect->elsewhere : &profile);
}

TEST_P(Constructor, AsksForAKeyWhereTheServiceDoes) {
  const Scratch scratch;
  const provider::Profile& profile = *GetParam().profile;
  if (std::ranges::find(profile.options, "credentials") != profile.options.end()) {
    // What the machine has may take its place, which shows when the run begins.
    const auto without = load_endpoint(scratch, profile.name, needed(profile, false).substr(2));
    EXPECT_TRUE(without.has_value()) << without.error().message;
    return;
  }
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

TEST(Constructors, OfAnUnknownServiceReadItsQuotasFromItsHeaders) {
  const Scratch scratch;
  const auto loaded = load_endpoint(scratch, "openai", R"(base_url = "http://127.0.0.1:9/v1",
    profile = { rate_headers = {
      { name = "X-Calls-Allowed", quota = "rpm", part = "limit", per = "second" },
      { name = "x-tokens-left", quota = "tpd", part = "remaining" } } })");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  const auto reply = codec::make_codec(loaded->dispatch.endpoints.front())
                         ->read(200,
                                {{"x-calls-allowed", "25"},
                                 {"x-tokens-left", "7000"},
                                 {"x-ratelimit-limit-requests", "3"}},
                                "{}", {});
  const auto hint = [&](provider::Quota quota) {
    return reply.outcome.hints.quota[static_cast<std::size_t>(quota)];
  };
  EXPECT_EQ(hint(provider::Quota::requests_per_minute).limit, 1500);
  EXPECT_EQ(hint(provider::Quota::tokens_per_day).remaining, 7000);
}

TEST(Constructors, TakeTheOptionsThatAServiceHasForItself) {
  const Scratch scratch;
  auto loaded = load_endpoint(scratch, "vertex",
                              R"(project = "p", region = "us-east1", credentials = "key.json")");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  const provider::EndpointSpec& vertex = loaded->dispatch.endpoints.front();
  EXPECT_EQ(vertex.base_url, "https://us-east1-aiplatform.googleapis.com/v1");
  EXPECT_EQ(vertex.credentials.reveal(), "key.json");
  EXPECT_EQ(vertex.name, "vertex/m");

  loaded = load_endpoint(scratch, "vertex", R"(project = "p", credentials = '{"type":"x"}')");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_EQ(loaded->dispatch.endpoints.front().credentials.reveal(), R"({"type":"x"})");

  loaded = load_endpoint(scratch, "azure",
                         R"(resource = "r", api_version = "2024-10-21", credentials = "t:c:s")");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  const provider::EndpointSpec& azure = loaded->dispatch.endpoints.front();
  EXPECT_EQ(azure.base_url, "https://r.openai.azure.com/openai");
  EXPECT_EQ(azure.api_version, "2024-10-21");
  EXPECT_EQ(azure.credentials.reveal(), "t:c:s");
}

TEST(Constructors, SayWhichOfTheirOwnOptionsIsMissing) {
  const Scratch scratch;
  for (const auto& [name, options, message] :
       {std::tuple<const char*, const char*, const char*>{"vertex", "", "missing option 'project'"},
        {"vertex", "base_url = \"http://127.0.0.1:9/v1\"", "missing option 'project'"},
        {"vertex", "project = \"p\", region = \"x/\"", "not the name of a region"},
        {"vertex", "project = \"p\", cache = \"5m\"", "cache is for Claude alone"},
        {"azure", "key = \"k1234567\"", "missing option 'resource'"},
        {"groq", "key = \"k1234567\", project = \"p\"", "project"}}) {
    const auto loaded = load_endpoint(scratch, name, options);
    ASSERT_FALSE(loaded.has_value()) << name << options;
    EXPECT_THAT(loaded.error().message, testing::HasSubstr(message));
  }
}

TEST(Constructors, LookForACredentialFileBesideThePipelineFile) {
  const Scratch scratch;
  scratch.write("sub/job.lua", R"(local s = require "sluice"
return s.pipeline {
  name = "job", s.read { "in.jsonl" }, s.pack { user = "{{a}}" },
  s.dispatch { s.vertex { model = "m", project = "p", credentials = "key.json" },
               s.vertex { model = "m", project = "p", credentials = "/etc/key.json" },
               s.vertex { model = "m", project = "p", credentials = '{"type":"x"}' },
               s.azure { model = "m", resource = "r", credentials = "t:c:s" } },
  s.sink { "out.jsonl" },
})");
  const auto job = load("sub/job.lua", {});
  ASSERT_TRUE(job.has_value()) << job.error().message;
  std::vector<std::string> credentials;
  for (const provider::EndpointSpec& endpoint : job->questions[0].dispatch.endpoints)
    credentials.push_back(endpoint.credentials.reveal());
  EXPECT_THAT(credentials,
              testing::ElementsAre("sub/key.json", "/etc/key.json", R"({"type":"x"})", "t:c:s"));
}

TEST(Constructors, LookForFilesOfQueuesBesideThePipelineFile) {
  const Scratch scratch;
  scratch.write("sub/job.lua", R"(local s = require "sluice"
return s.pipeline {
  name = "job", s.read { s.kafka { brokers = "h:1", topic = "t", config = {
    ["ssl.ca.location"] = "ca.pem", ["ssl.key.location"] = "/etc/key.pem", ["client.id"] = "me" } } },
  s.pack { user = "{{a}}" }, s.dispatch { s.openai { model = "m", key = "k1234567" } }, s.sink { "out.jsonl" },
  s.sink { s.pubsub { topic = "projects/p/topics/t", credentials = "key.json" } } })");
  const auto job = load("sub/job.lua", {});
  ASSERT_TRUE(job.has_value()) << job.error().message;
  std::vector<std::string> values;
  const auto& from = std::get<queue::KafkaTopic>(job->questions[0].read.queue->at);
  for (const auto& [name, value] : from.config) values.push_back(name + "=" + value.reveal());
  EXPECT_THAT(values,
              testing::UnorderedElementsAre("ssl.ca.location=sub/ca.pem",
                                            "ssl.key.location=/etc/key.pem", "client.id=me"));
  const auto& to = std::get<queue::Pubsub>(job->questions[0].sink.deliveries.at(0).queue->at);
  EXPECT_EQ(to.credentials.reveal(), "sub/key.json");
}

std::vector<std::string> names_of(const stages::PipelineSpec& spec) {
  std::vector<std::string> names;
  for (const auto& endpoint : spec.dispatch.endpoints) names.push_back(endpoint.name);
  return names;
}

TEST(Tiers, AreAnEndpointEachByTheProvidersNames) {
  const Scratch scratch;
  const std::tuple<const char*, const char*, std::vector<std::string>> kCases[] = {
      {"openai", "\"flex\", \"standard\", \"priority\"", {"flex", "default", "priority"}},
      {"groq", "\"flex\", \"standard\", \"priority\"", {"flex", "on_demand", "performance"}},
      {"cerebras", "\"priority\", \"flex\"", {"priority", "flex"}},
      {"anthropic", "\"standard\", \"priority\"", {"standard_only", "auto"}}};
  for (const auto& [name, tiers, wire] : kCases) {
    const auto loaded =
        load_endpoint(scratch, name, fmt::format("key = \"sk-12345678\", tiers = {{ {} }}", tiers));
    ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
    std::vector<std::string> sent;
    for (const auto& endpoint : loaded->dispatch.endpoints) sent.push_back(endpoint.service_tier);
    EXPECT_EQ(sent, wire);
    EXPECT_EQ(loaded->dispatch.route, schedule::Route::deadline);
  }
}

TEST(Tiers, MultiplyWithKeysAndHaveLimitsOfTheirOwn) {
  const Scratch scratch;
  const auto loaded = load_endpoint(scratch, "openai", R"(
    keys = { "sk-aaaaaaaa", "sk-bbbbbbbb" }, rpm = 100, tpm = 5000,
    tiers = { "flex", { "standard", rpm = 500, price = { input = 1, output = 2 }, timeout = "40s" } })");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  EXPECT_THAT(names_of(*loaded),
              testing::ElementsAre("openai/m flex key1", "openai/m flex key2",
                                   "openai/m standard key1", "openai/m standard key2"));
  const auto& endpoints = loaded->dispatch.endpoints;
  EXPECT_EQ(endpoints[1].key.reveal(), "sk-bbbbbbbb");
  EXPECT_EQ(endpoints[1].limits[provider::Quota::requests_per_minute], 100);
  EXPECT_EQ(endpoints[1].timeout, core::Duration(std::chrono::minutes(15)));
  EXPECT_FALSE(endpoints[1].price);
  EXPECT_EQ(endpoints[2].key.reveal(), "sk-aaaaaaaa");
  EXPECT_EQ(endpoints[2].limits[provider::Quota::requests_per_minute], 500);
  EXPECT_EQ(endpoints[2].limits[provider::Quota::tokens_per_minute], 5000);
  EXPECT_EQ(endpoints[2].timeout, core::Duration(std::chrono::seconds(40)));
  EXPECT_EQ(endpoints[2].price->output, core::Money::picodollars(2'000'000));
}

TEST(Regions, AreAnEndpointEachAtTheirOwnAddress) {
  const Scratch scratch;
  auto loaded = load_endpoint(scratch, "bedrock", R"(key = "sk-12345678",
     regions = { "us-east-1", "eu-west-1" }, tiers = { "flex", "standard" })");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  EXPECT_THAT(names_of(*loaded),
              testing::ElementsAre("bedrock/m us-east-1 flex", "bedrock/m us-east-1 standard",
                                   "bedrock/m eu-west-1 flex", "bedrock/m eu-west-1 standard"));
  EXPECT_EQ(loaded->dispatch.endpoints[2].base_url,
            "https://bedrock-runtime.eu-west-1.amazonaws.com");
  for (const auto& [options, message] :
       {std::pair<const char*, const char*>{
            R"(key = "k1234567", region = "us-east-1", regions = { "us-east-1" })", "both given"},
        {R"(key = "k1234567", regions = { "us-east-1", "us-east-1" })", "listed twice"},
        {R"(key = "k1234567", regions = { "a.b/" })", "not the name of an AWS region"}}) {
    loaded = load_endpoint(scratch, "bedrock", options);
    ASSERT_FALSE(loaded.has_value()) << options;
    EXPECT_THAT(loaded.error().message, testing::HasSubstr(message));
  }
  EXPECT_FALSE(load_endpoint(scratch, "openai", R"(key = "k1234567", regions = { "x" })"));
}

TEST(Tiers, AnthropicSellsAFastOne) {
  const Scratch scratch;
  const auto loaded = load_endpoint(scratch, "anthropic", R"(key = "sk-12345678",
     tiers = { "standard", "fast" })");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  EXPECT_THAT(names_of(*loaded), testing::ElementsAre("anthropic/m standard", "anthropic/m fast"));
  EXPECT_EQ(loaded->dispatch.endpoints[1].service_tier, "fast");
}

TEST(Tiers, AndKeysLeaveTheJobTheSame) {
  const Scratch scratch;
  const auto fingerprint = [&](std::string_view options) {
    const auto loaded = load_endpoint(scratch, "openai", options);
    EXPECT_TRUE(loaded.has_value()) << loaded.error().text();
    return stages::fingerprint(*loaded, stages::make_question(*loaded));
  };
  const auto plain = fingerprint("key = \"sk-12345678\"");
  EXPECT_EQ(fingerprint("key = \"sk-12345678\", tiers = { \"flex\", \"standard\" }"), plain);
  EXPECT_EQ(fingerprint("keys = { \"sk-12345678\", \"sk-abcdefgh\" }"), plain);
}

TEST(Keys, AloneChangeNoRoute) {
  const Scratch scratch;
  const auto loaded =
      load_endpoint(scratch, "openai", "keys = { \"sk-12345678\", \"sk-abcdefgh\" }");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  EXPECT_THAT(names_of(*loaded), testing::ElementsAre("openai/m key1", "openai/m key2"));
  EXPECT_EQ(loaded->dispatch.route, schedule::Route::cheapest);
  EXPECT_EQ(loaded->dispatch.endpoints[0].timeout, core::Duration(provider::kDefaultTimeout));
}

TEST(Keys, AreNeverShownInAMistake) {
  const Scratch scratch;
  for (const char* options : {"keys = { \"sk-12345678\", \"sk-12345678\" }",
                              "keys = { \"sk-12345678\", 7 }", "keys = { \"sk-123\\n45678\" }"}) {
    const auto loaded = load_endpoint(scratch, "openai", options);
    ASSERT_FALSE(loaded.has_value());
    EXPECT_THAT(loaded.error().text(), testing::Not(testing::HasSubstr("sk-123")));
  }
}

}  // namespace
}  // namespace sluice::dsl
