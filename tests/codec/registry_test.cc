// What holds for every row of the registry, so that another service is one row and one fixture.
#include "codec/registry.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

#include "fixture.h"

namespace sluice::codec {
namespace {

using namespace provider;

const std::string kFixtures = SLUICE_SOURCE_DIR "/tests/codec/fixtures";

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

class EveryProvider : public testing::TestWithParam<Provider> {
 protected:
  const Dialect& dialect() const { return *GetParam().dialect; }
  const Profile& profile() const { return *GetParam().profile; }
  bool has_constructor() const { return !profile().base_url.empty(); }

  // The cases that are about this profile.
  std::vector<Fixture> cases() const {
    static const std::vector<Fixture> all = read_fixtures(kFixtures);
    std::vector<Fixture> own;
    for (const Fixture& fixture : all)
      if (find_provider(fixture.constructor, fixture.base_url).profile == &profile())
        own.push_back(fixture);
    return own;
  }
};

TEST_P(EveryProvider, HasAFixtureWithAnAnswerAndAnError) {
  const std::string file = kFixtures + "/" + std::string(profile().name) + ".md";
  EXPECT_TRUE(std::filesystem::exists(file)) << file;
  const std::vector<Fixture> own = cases();
  const auto answered = [](const Fixture& f) { return f.expected.starts_with("action: none"); };
  EXPECT_TRUE(std::ranges::any_of(own, answered)) << "no answer in the fixtures";
  EXPECT_FALSE(std::ranges::all_of(own, answered)) << "no error in the fixtures";
}

TEST_P(EveryProvider, ShowsEachOfItsErrorRulesInAFixture) {
  const std::vector<Fixture> own = cases();
  const auto names_it = [&](const Fixture& fixture, std::string_view name) {
    return fixture.body.contains(name) ||
           std::ranges::any_of(fixture.headers, [&](const auto& header) {
             return header.first == profile().error_header && header.second.contains(name);
           });
  };
  for (const ErrorRule& rule : profile().errors) {
    const bool shown = std::ranges::any_of(own, [&](const Fixture& fixture) {
      return fixture.status >= rule.from && fixture.status <= rule.to &&
             names_it(fixture, rule.name) && lower(fixture.body).contains(rule.words) &&
             fixture.expected.contains(fmt::format("\nreason: {}\n", cause_name(rule.cause)));
    });
    EXPECT_TRUE(shown) << rule.from << " \"" << rule.name << rule.words << "\" "
                       << cause_name(rule.cause);
  }
}

TEST_P(EveryProvider, ShowsItsRateHeadersInAFixture) {
  if (profile().rate_headers.empty()) return;
  EXPECT_TRUE(std::ranges::any_of(cases(), [](const Fixture& fixture) {
    return fixture.expected.contains("_per_minute: ") || fixture.expected.contains("_per_day: ");
  }));
}

TEST_P(EveryProvider, IsMeantByItsConstructorAtAnyHost) {
  if (!has_constructor() || &profile() == dialect().vendor) return;
  EXPECT_EQ(find_provider(profile().name).profile, &profile());
  EXPECT_EQ(find_provider(profile().name, "http://127.0.0.1:1/v1").profile, &profile());
}

TEST_P(EveryProvider, IsRecognisedByItsHosts) {
  const std::string_view vendor = dialect().vendor->name;
  for (const std::string_view host : profile().hosts) {
    for (const char* form : {"https://{}/v1", "HTTPS://API.{}:8443", "https://u@a.b.{}/x?y"})
      EXPECT_EQ(find_provider(vendor, fmt::format(fmt::runtime(form), host)).profile, &profile());
    EXPECT_EQ(find_provider(vendor, fmt::format("https://not{}/v1", host)).profile,
              dialect().elsewhere);
    EXPECT_EQ(find_provider(vendor, fmt::format("https://{}.evil.example/v1", host)).profile,
              dialect().elsewhere);
  }
  if (profile().hosts.empty() || !has_constructor()) return;
  EXPECT_EQ(find_provider(vendor, profile().base_url).profile, &profile());
}

TEST_P(EveryProvider, HasWhatItsPageShows) {
  EXPECT_FALSE(profile().title.empty());
  if (!has_constructor()) return;
  EXPECT_FALSE(profile().example_model.empty());
  EXPECT_FALSE(profile().base_url.ends_with('/'));
  // A key does not travel in the clear, but to this machine.
  EXPECT_TRUE(profile().key_variable.empty() ? profile().base_url.starts_with("http://127.0.0.1:")
                                             : profile().base_url.starts_with("https://"));
}

TEST_P(EveryProvider, SaysTheModelInThePathOrInABodyThatIsJson) {
  EndpointSpec spec;
  spec.provider = GetParam();
  spec.base_url = "http://127.0.0.1:1/v1";
  spec.model = "m-1.5";
  spec.key = core::Secret("secret-1");
  const auto codec = make_codec(spec);
  const BodyFrame frame = codec->frame({});
  simdjson::dom::parser parser;
  simdjson::dom::element body;
  ASSERT_EQ(parser.parse(frame.prefix + "\"hi\"" + frame.suffix).get(body), simdjson::SUCCESS);
  std::string_view model;
  const bool in_the_body = body["model"].get(model) == simdjson::SUCCESS && model == "m-1.5";
  const bool in_the_path = codec->path().contains("m-1.5");
  EXPECT_NE(in_the_body, in_the_path) << codec->path() << frame.prefix;
}

TEST_P(EveryProvider, KeepsTheKeyOutOfWhatAllRequestsSay) {
  EndpointSpec spec;
  spec.provider = GetParam();
  spec.base_url = "http://127.0.0.1:1/v1";
  spec.model = "m";
  spec.key = core::Secret("secret-1");
  const auto codec = make_codec(spec);
  for (const auto& [name, value] : codec->headers()) EXPECT_FALSE(value.contains("secret-1"));
  EXPECT_FALSE(codec->path().contains("secret-1"));
}

TEST_P(EveryProvider, NamesEachModelOnceInLowerCase) {
  std::set<std::string_view> seen;
  for (const Model& model : profile().models) {
    EXPECT_EQ(lower(std::string(model.name)), model.name);
    EXPECT_TRUE(seen.insert(model.name).second) << model.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryProvider, testing::ValuesIn(providers()),
                         [](const auto& info) { return std::string(info.param.profile->name); });

TEST(Registry, NamesEachProfileOnceAndEachHostOnceInADialect) {
  std::set<std::string_view> names;
  std::set<std::pair<const Dialect*, std::string_view>> hosts;
  for (const auto& [dialect, profile] : providers()) {
    EXPECT_TRUE(names.insert(profile->name).second) << profile->name;
    for (const std::string_view host : profile->hosts)
      EXPECT_TRUE(hosts.emplace(dialect, host).second) << host;
  }
}

TEST(Registry, HasNoConstructorForWhatIsOnlyRecognised) {
  for (const char* name : {"compatible", "google", "anthropic_chat", "grok", ""})
    EXPECT_EQ(find_provider(name).profile, nullptr) << name;
}

TEST(Registry, TakesAnEndpointWithoutAProviderForOpenAisFormat) {
  EndpointSpec spec;
  spec.base_url = "https://api.groq.com/openai/v1";
  EXPECT_EQ(provider_of(spec).profile->name, "groq");
  spec.base_url = "http://127.0.0.1:8000/v1";
  EXPECT_EQ(provider_of(spec).profile->name, "compatible");
}

}  // namespace
}  // namespace sluice::codec
