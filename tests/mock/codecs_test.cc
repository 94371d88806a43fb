// Both sides of each wire format, written apart from each other: what a codec sends, the mock
// takes; what the mock answers, the codec reads, and books what the mock has billed.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "codec/registry.h"
#include "core/json.h"
#include "mock/answerer.h"
#include "tests/mock/support.h"

namespace sluice::mock {
namespace {

using nlohmann::json;

const std::string kSchema =
    R"({"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],)"
    R"("additionalProperties":false})";

struct Exchange {
  provider::Reply reply;
  Stats stats;
  int status = 0;
  std::string body;
};

Exchange exchange(const provider::EndpointSpec& spec, bool schema, const Options& options) {
  const auto codec = codec::make_codec(spec);
  provider::PromptFrame prompt;
  prompt.system = "Be brief.";
  if (schema) {
    prompt.schema_name = "answer";
    prompt.schema = kSchema;
    prompt.schema_text = "Fit this:\n```json-schema\n" + kSchema + "\n```";
  }
  const provider::BodyFrame frame = codec->frame(prompt);
  http::ServerRequest request;
  request.method = "POST";
  const std::size_t host = spec.base_url.find("://") + 3;
  const std::size_t path = spec.base_url.find('/', host);
  request.target =
      (path == std::string::npos ? "" : spec.base_url.substr(path)) + std::string(codec->path());
  for (const auto& [name, value] : codec->headers()) request.headers.add(name, value);
  request.body = frame.prefix + R"("refund my last bill")" + frame.suffix;
  ProviderModel model(options);
  const Decision decision = model.handle(request, kNow, kWall);
  const auto& headers = decision.response.headers;
  return {codec->read(decision.response.status, {headers.begin(), headers.end()},
                      decision.response.body, kWall),
          model.stats(), decision.response.status, decision.response.body};
}

// Each format, as its vendor's constructor makes it.
std::vector<provider::EndpointSpec> endpoints() {
  std::vector<provider::EndpointSpec> specs;
  for (const provider::Dialect& dialect : codec::dialects()) {
    provider::EndpointSpec spec;
    spec.provider = {&dialect, dialect.vendor};
    spec.model = dialect.vendor->example_model;
    spec.name = dialect.vendor->name;
    spec.base_url = dialect.vendor->base_url;
    spec.key = core::Secret("k");
    spec.max_output_tokens = 1000;
    specs.push_back(spec);
    if (spec.name != "openai") continue;
    spec.name = "openai responses";
    spec.api = "responses";
    specs.push_back(spec);
  }
  provider::EndpointSpec claude;
  claude.provider = codec::find_provider("vertex");
  claude.name = "claude at vertex";
  claude.model = "claude-haiku-4-5@20251001";
  claude.project = "p";
  claude.base_url = claude.provider.profile->base_url;
  claude.key = core::Secret("k");
  claude.max_output_tokens = 1000;
  claude.cache_writes = core::CacheWrites::brief;
  specs.push_back(std::move(claude));
  return specs;
}

TEST(EveryDialect, IsAnsweredAndBooksWhatTheMockHasBilled) {
  Options options;
  options.cached_share = 0.5;
  options.output_tokens = OutputTokens{.median = 40, .sigma = 0};
  for (const provider::EndpointSpec& spec : endpoints()) {
    for (const bool schema : {false, true}) {
      const Exchange done = exchange(spec, schema, options);
      ASSERT_EQ(done.status, 200) << spec.name << ' ' << done.body;
      EXPECT_EQ(done.reply.outcome.action, provider::Action::none) << spec.name;
      EXPECT_EQ(done.reply.outcome.billing, provider::Billing::known) << spec.name;
      EXPECT_EQ(done.reply.outcome.usage.input, done.stats.input_tokens) << spec.name;
      EXPECT_EQ(done.reply.outcome.usage.cached_input, done.stats.cached_tokens) << spec.name;
      EXPECT_EQ(done.reply.outcome.usage.output, done.stats.output_tokens) << spec.name;
      if (schema) {
        EXPECT_EQ(json::parse(done.reply.text),
                  json::parse(answer_for(kSchema, "refund my last bill", options.seed)))
            << spec.name;
      } else {
        EXPECT_EQ(done.reply.text, free_text_for("refund my last bill", options.seed)) << spec.name;
      }
    }
  }
}

TEST(EveryDialect, ReadsTheMocksErrorsAsWhatTheyAre) {
  for (const provider::EndpointSpec& spec : endpoints()) {
    Options options;
    options.faults.error_429 = 1;
    EXPECT_EQ(exchange(spec, false, options).reply.outcome.cause, provider::Cause::rate_limit)
        << spec.name;
    options = Options();
    options.faults.error_500 = 1;
    EXPECT_EQ(exchange(spec, false, options).reply.outcome.cause, provider::Cause::server_error)
        << spec.name;
    options = Options();
    options.require_key = core::Secret("another");
    const auto cause = exchange(spec, false, options).reply.outcome.cause;
    EXPECT_TRUE(cause == provider::Cause::auth || cause == provider::Cause::forbidden)
        << spec.name << ' ' << provider::cause_name(cause);
  }
}

// Every answer spends its whole limit on reasoning.
Options long_answers() {
  Options options;
  options.faults.reasoning_only = 1;
  return options;
}

TEST(EveryDialect, ReadsACutAndARefusedAnswer) {
  for (provider::EndpointSpec spec : endpoints()) {
    Options options;
    options.refuse = "refund";
    const auto finish = exchange(spec, false, options).reply.finish;
    EXPECT_TRUE(finish == provider::Finish::refusal || finish == provider::Finish::content_filter)
        << spec.name;
    spec.max_output_tokens = spec.api.empty() ? 1 : 16;
    EXPECT_EQ(exchange(spec, false, long_answers()).reply.finish, provider::Finish::length)
        << spec.name;
  }
}

}  // namespace
}  // namespace sluice::mock
