// What a pipeline file comes to.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/registry.h"
#include "dsl/load.h"
#include "scratch.h"

namespace sluice::dsl {
namespace {

using namespace std::chrono_literals;
using answer::FieldType;
using provider::Quota;
using testing::ElementsAre;

// The file that the design shows, word for word.
constexpr char kTickets[] =
    R"(-- classify-tickets.lua: give every support ticket a queue and an urgency.
local s = require "sluice"

return s.pipeline {
  name = "classify-tickets",

  s.read { "data/tickets-*.jsonl.zst", key = "id" },

  s.validate { subject = s.text, body = s.text { min = 1, max = 20000 } },

  s.pack {
    rows   = 20, tokens = 6000,                     -- up to 20 tickets a request
    system = s.file "prompts/triage.md",
    user   = "{{subject}}\n\n{{body}}",             -- or function(t) return … end
    answer = {
      queue   = s.one_of { "billing", "bug", "access", "sales", "other" },
      urgency = s.int { min = 1, max = 5 },
      why     = s.text { max = 160 },
    },
  },

  s.dispatch {
    s.openai    { model = "gpt-5.4-mini",     key = s.secret "OPENAI_API_KEY",    rpm = 30000, tpm = 150e6 },
    s.anthropic { model = "claude-haiku-4-5", key = s.secret "ANTHROPIC_API_KEY", rpm = 4000,  input_tpm = 400e3 },
    deadline = "1h", budget = "$1500",
  },

  s.parse { retries = 2 },                          -- function(answer, row) … end when the schema is not enough

  s.sink { "out/tickets.jsonl", rejects = "out/rejects.jsonl" },
}
)";

std::vector<std::string> names(const std::vector<answer::Field>& fields) {
  std::vector<std::string> all;
  for (const answer::Field& field : fields) all.push_back(field.name);
  return all;
}

TEST(Pipeline, OfTheDesignLoads) {
  const Scratch scratch;
  scratch.write("pipeline.lua", kTickets);
  scratch.write("prompts/triage.md", "You sort tickets.\n");
  LoadOptions options;
  options.environment = [](const std::string& name) { return std::optional("secret of " + name); };
  const auto job = load("pipeline.lua", options);
  ASSERT_TRUE(job.has_value()) << job.error().text();
  EXPECT_EQ(job->name, "classify-tickets");
  EXPECT_EQ(job->directory, ".sluice/classify-tickets");
  ASSERT_EQ(job->questions.size(), 1u);
  const auto* loaded = &job->questions[0];

  EXPECT_EQ(loaded->name, "classify-tickets");
  EXPECT_EQ(loaded->file, "pipeline.lua");
  EXPECT_THAT(loaded->read.paths, ElementsAre("data/tickets-*.jsonl.zst"));
  EXPECT_EQ(loaded->read.key, "id");

  ASSERT_TRUE(loaded->validate.has_value());
  ASSERT_THAT(names(loaded->validate->fields), ElementsAre("subject", "body"));
  EXPECT_EQ(loaded->validate->fields[0].type, FieldType::text);
  EXPECT_EQ(loaded->validate->fields[0].min, std::nullopt);
  EXPECT_EQ(loaded->validate->fields[1].min, 1);
  EXPECT_EQ(loaded->validate->fields[1].max, 20000);
  EXPECT_FALSE(loaded->validate->check);

  const stages::PackSpec& pack = loaded->pack;
  EXPECT_EQ(pack.rows, 20);
  EXPECT_EQ(pack.tokens, 6000);
  EXPECT_EQ(pack.system, "You sort tickets.\n");
  EXPECT_EQ(pack.user_template, "{{subject}}\n\n{{body}}");
  EXPECT_FALSE(pack.user);
  EXPECT_EQ(pack.user_script.version, core::Hash128());
  ASSERT_THAT(names(pack.answer), ElementsAre("queue", "urgency", "why"));
  EXPECT_EQ(pack.answer[0].type, FieldType::one_of);
  EXPECT_THAT(pack.answer[0].choices, ElementsAre("billing", "bug", "access", "sales", "other"));
  EXPECT_EQ(pack.answer[1].type, FieldType::integer);
  EXPECT_EQ(pack.answer[1].max, 5);
  EXPECT_EQ(pack.answer[2].max, 160);

  const stages::DispatchSpec& dispatch = loaded->dispatch;
  ASSERT_EQ(dispatch.endpoints.size(), 2u);
  EXPECT_EQ(dispatch.endpoints[0].name, "openai/gpt-5.4-mini");
  EXPECT_EQ(dispatch.endpoints[0].provider.profile->name, "openai");
  EXPECT_EQ(dispatch.endpoints[0].base_url, "https://api.openai.com/v1");
  EXPECT_EQ(dispatch.endpoints[0].key.reveal(), "secret of OPENAI_API_KEY");
  EXPECT_EQ(dispatch.endpoints[0].limits[Quota::requests_per_minute], 30000);
  EXPECT_EQ(dispatch.endpoints[0].limits[Quota::tokens_per_minute], 150e6);
  EXPECT_EQ(dispatch.endpoints[0].limits[Quota::requests_per_day], std::nullopt);
  EXPECT_EQ(dispatch.endpoints[0].timeout, core::Duration(120s));
  EXPECT_EQ(dispatch.endpoints[0].connect_timeout, core::Duration(10s));
  EXPECT_EQ(dispatch.endpoints[0].first_byte_timeout, std::nullopt);
  EXPECT_TRUE(dispatch.endpoints[0].proxy.empty());
  EXPECT_EQ(dispatch.endpoints[1].name, "anthropic/claude-haiku-4-5");
  EXPECT_EQ(dispatch.endpoints[1].provider.dialect->name, "anthropic");
  EXPECT_EQ(dispatch.endpoints[1].base_url, "https://api.anthropic.com/v1");
  EXPECT_EQ(dispatch.endpoints[1].limits[Quota::input_tokens_per_minute], 400e3);
  EXPECT_EQ(dispatch.deadline, core::Duration(1h));
  EXPECT_EQ(dispatch.budget, core::Money::parse("1500"));
  EXPECT_EQ(dispatch.route, schedule::Route::cheapest);
  EXPECT_EQ(dispatch.retries, 7);

  EXPECT_EQ(loaded->parse.retries, 2);
  EXPECT_FALSE(loaded->parse.parse);
  EXPECT_EQ(loaded->sink.path, "out/tickets.jsonl");
  EXPECT_EQ(loaded->sink.rejects, "out/rejects.jsonl");
  EXPECT_FALSE(loaded->sink.keep_row);
  EXPECT_EQ(loaded->checkpoint.directory, ".sluice/classify-tickets");
  EXPECT_EQ(loaded->checkpoint.durability, store::Durability::power);
}

TEST(Pipeline, TakesEveryOption) {
  const Scratch scratch;
  const auto loaded = scratch.load_text(R"(
local s = require "sluice"
return s.pipeline {
  name = "all.of-it_1",
  checkpoint = { dir = "/fast/job", durability = "process" },
  s.read { "-" },
  s.pack {
    user = "{{a.b}}",
    answer = {
      tags = s.list { s.text { max = 9 }, min = 1, max = 5, description = "labels" },
      place = s.object { zip = s.text, city = s.text, optional = true, description = "where" },
      score = s.number { min = 0, max = 1.5, optional = true },
      sure = s.bool,
    },
  },
  s.dispatch {
    s.openai {
      model = "m", base_url = "http://127.0.0.1:8080/v1/", name = "own",
      rpm = 0.5, tpm = 2, input_tpm = 3, output_tpm = 4, rpd = 5, tpd = 6, max_concurrency = 7,
      max_output_tokens = 800, temperature = 0.2, structured = "instruction", timeout = "1m30s",
      connect_timeout = "4s", first_byte_timeout = "45s", proxy = "http://me:pw@proxy:3128",
      ca_file = "ca.pem", service_tier = "flex", price = { input = 0.75, output = 4.5, cached_input = 0.075 },
    },
    deadline = "1h30m", budget = 12.5, route = "in_order", retries = 0,
  },
  s.parse { retries = 0 },
  s.sink { "out/answers.jsonl", keep = { "id", "subject" } },
}
)");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  EXPECT_EQ(loaded->checkpoint.directory, "/fast/job");
  EXPECT_EQ(loaded->checkpoint.durability, store::Durability::process);
  EXPECT_THAT(loaded->read.paths, ElementsAre("-"));
  EXPECT_FALSE(loaded->validate.has_value());

  const auto& answer = loaded->pack.answer;
  ASSERT_THAT(names(answer), ElementsAre("tags", "place", "score", "sure"));
  EXPECT_EQ(answer[0].type, FieldType::list);
  ASSERT_EQ(answer[0].members.size(), 1u);
  EXPECT_EQ(answer[0].members[0].max, 9);
  EXPECT_EQ(answer[0].min, 1);
  EXPECT_EQ(answer[0].description, "labels");
  EXPECT_THAT(names(answer[1].members), ElementsAre("zip", "city"));
  EXPECT_TRUE(answer[1].optional);
  EXPECT_EQ(answer[1].description, "where");
  EXPECT_TRUE(answer[2].optional);
  EXPECT_EQ(answer[2].max, 1.5);
  EXPECT_EQ(answer[3].type, FieldType::boolean);

  ASSERT_EQ(loaded->dispatch.endpoints.size(), 1u);
  const provider::EndpointSpec& own = loaded->dispatch.endpoints[0];
  EXPECT_EQ(own.name, "own");
  EXPECT_EQ(own.base_url, "http://127.0.0.1:8080/v1");
  EXPECT_TRUE(own.key.empty());
  EXPECT_EQ(own.limits[Quota::requests_per_minute], 0.5);
  EXPECT_EQ(own.limits[Quota::tokens_per_minute], 2);
  EXPECT_EQ(own.limits[Quota::input_tokens_per_minute], 3);
  EXPECT_EQ(own.limits[Quota::output_tokens_per_minute], 4);
  EXPECT_EQ(own.limits[Quota::requests_per_day], 5);
  EXPECT_EQ(own.limits[Quota::tokens_per_day], 6);
  EXPECT_EQ(own.limits.max_concurrency, 7);
  EXPECT_EQ(own.max_output_tokens, 800);
  EXPECT_EQ(own.temperature, 0.2);
  EXPECT_EQ(own.structured, provider::StructuredOutput::instruction);
  EXPECT_EQ(own.timeout, core::Duration(90s));
  EXPECT_EQ(own.connect_timeout, core::Duration(4s));
  EXPECT_EQ(own.first_byte_timeout, core::Duration(45s));
  EXPECT_EQ(own.proxy.reveal(), "http://me:pw@proxy:3128");
  EXPECT_EQ(own.ca_file, "ca.pem");
  EXPECT_EQ(own.service_tier, "flex");
  ASSERT_TRUE(own.price.has_value());
  EXPECT_EQ(own.price->input.picodollars(), 750'000);
  EXPECT_EQ(own.price->cached_input.picodollars(), 75'000);
  EXPECT_EQ(own.price->output.picodollars(), 4'500'000);
  EXPECT_EQ(loaded->dispatch.deadline, core::Duration(90min));
  EXPECT_EQ(loaded->dispatch.budget, core::Money::parse("12.5"));
  EXPECT_EQ(loaded->dispatch.route, schedule::Route::in_order);
  EXPECT_EQ(loaded->dispatch.retries, 0);
  EXPECT_EQ(loaded->parse.retries, 0);
  EXPECT_EQ(loaded->sink.rejects, "out/answers.rejects.jsonl");
  EXPECT_THAT(loaded->sink.keep, ElementsAre("id", "subject"));
}

TEST(Pipeline, NamesEndpointsApart) {
  const Scratch scratch;
  const auto loaded = scratch.load_text(R"(
local s = require "sluice"
local function local_server() return s.openai { model = "m", base_url = "http://[::1]:80/v1" } end
return s.pipeline {
  name = "x",
  s.read { "a.jsonl" }, s.pack { user = "{{a}}" },
  s.dispatch { s.openai { model = "m", key = "a" }, s.openai { model = "m", key = "b" }, s.openai { model = "m", key = "c" },
               local_server(), local_server() },
  s.sink { "plain", keep = "row" },
}
)");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  std::vector<std::string> seen;
  for (const auto& endpoint : loaded->dispatch.endpoints) seen.push_back(endpoint.name);
  EXPECT_THAT(seen,
              ElementsAre("openai/m", "openai/m#2", "openai/m#3", "[::1]:80/m", "[::1]:80/m#2"));
  EXPECT_EQ(loaded->sink.rejects, "plain.rejects");
  EXPECT_TRUE(loaded->sink.keep_row);
}

TEST(Pipeline, TakesParametersInTheTypeOfTheirDefault) {
  const Scratch scratch;
  scratch.write("pipeline.lua", R"(
local s = require "sluice"
local keep_all = s.param("keep_all", false)
return s.pipeline {
  name = s.param("name"),
  s.read { "a.jsonl" }, s.pack { user = "{{a}}", rows = s.param("rows", 5) },
  s.dispatch { s.openai { model = s.param("model", "small"), key = "k" } },
  s.sink { "out.jsonl", keep = keep_all == true and "row" or nil },
}
)");
  const auto given =
      scratch.load({{"name", "n"}, {"rows", "7"}, {"keep_all", "true"}, {"model", "large"}});
  ASSERT_TRUE(given.has_value()) << given.error().text();
  EXPECT_EQ(given->name, "n");
  EXPECT_EQ(given->pack.rows, 7);
  EXPECT_EQ(given->dispatch.endpoints[0].model, "large");
  EXPECT_TRUE(given->sink.keep_row);
  const auto fallen_back = scratch.load({{"name", "n"}});
  ASSERT_TRUE(fallen_back.has_value()) << fallen_back.error().text();
  EXPECT_EQ(fallen_back->pack.rows, 5);
  EXPECT_EQ(fallen_back->dispatch.endpoints[0].model, "small");
  EXPECT_FALSE(fallen_back->sink.keep_row);
}

TEST(Pipeline, KeepsTheOrderOfColumnsFromAModule) {
  const Scratch scratch;
  scratch.write("columns.lua", R"(
local s = require "sluice"
return { zebra = s.text, apple = s.int, mango = s.bool }
)");
  const auto loaded = scratch.load_text(R"(
local s = require "sluice"
return s.pipeline {
  name = "x",
  s.read { "a.jsonl" }, s.pack { user = "{{a}}", answer = require "columns" },
  s.dispatch { s.openai { model = "m", key = "k" } }, s.sink { "out.jsonl" },
}
)");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  EXPECT_THAT(names(loaded->pack.answer), ElementsAre("zebra", "apple", "mango"));
}

TEST(Pipeline, OrdersColumnsByNameWhereTheSourceDoesNotShowThem) {
  const Scratch scratch;
  const auto loaded = scratch.load_text(R"(
local s = require "sluice"
local answer = {}
for _, name in ipairs { "zebra", "apple", "mango" } do answer[name] = s.text end
return s.pipeline {
  name = "x",
  s.read { "a.jsonl" }, s.pack { user = "{{a}}", answer = answer },
  s.dispatch { s.openai { model = "m", key = "k" } }, s.sink { "out.jsonl" },
}
)");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  EXPECT_THAT(names(loaded->pack.answer), ElementsAre("apple", "mango", "zebra"));
}

TEST(Pipeline, KeepsSecretsFromScripts) {
  const Scratch scratch;
  const auto loaded = scratch.load_text(R"(
local s = require "sluice"
error(tostring(s.secret "OPENAI_API_KEY"))
)");
  ASSERT_FALSE(loaded.has_value());
  EXPECT_THAT(loaded.error().text(), testing::HasSubstr("error: s.secret\n"));
  EXPECT_THAT(loaded.error().text(), testing::Not(testing::HasSubstr("test-key")));
}

}  // namespace
}  // namespace sluice::dsl
