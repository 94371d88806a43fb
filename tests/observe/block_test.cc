// The live block, as text: tests/observe/block.md has each scene at each width.
// SLUICE_UPDATE=1 writes the document anew; look at what has changed.
#include "observe/block.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "observe/wrap.h"

namespace sluice::observe {
namespace {

using namespace std::chrono_literals;

View running() {
  View view;
  view.job = "tickets";
  view.phase = "running";
  view.elapsed = 42s;
  view.rows_done = 12'480;
  view.rows_rejected = 3;
  view.rejects = {{"parse", "refused", 2, "I cannot help"}, {"read", "not_json", 1, "line 7"}};
  view.rows_total = 200'000;
  view.total_is_estimate = true;
  view.rows_per_second = 1204;
  view.input_tokens = 1'200'000;
  view.output_tokens = 310'000;
  view.tokens_per_second = 36'000;
  view.spent = *core::Money::parse("1.24");
  view.budget = core::Money::parse("1500");
  view.projected = core::Money::parse("19.87");
  view.left = 156s;
  view.until_deadline = 2400s;
  view.clock = std::chrono::local_days(std::chrono::year(2026) / 11 / 29) + 16h + 17min + 20s;
  EndpointView endpoint;
  endpoint.name = "openai/gpt-5.4-mini";
  endpoint.in_flight = 64;
  endpoint.cap = 256;
  endpoint.quota_used = 0.83;
  endpoint.rate_limited = 12;
  endpoint.median = 812ms;
  endpoint.tail = 2100ms;
  view.endpoints.push_back(endpoint);
  return view;
}

View failing() {
  View view = running();
  view.left = 3200s;  // later than the deadline
  view.projected = core::Money::parse("1612.40");
  EndpointView broken;
  broken.name = "eu-west";
  broken.cap = 64;
  broken.failed = 57;
  broken.health = Health::broken;
  broken.problem = ProblemView{.kind = "502",
                               .failures = 57,
                               .lasting = 12s,
                               .answered = true,
                               .stopped = false,
                               .message = "HTTP 502: an HTML page (502 Bad Gateway)"};
  EndpointView stopped;
  stopped.name = "fallback";
  stopped.cap = 32;
  stopped.failed = 1;
  stopped.health = Health::stopped;
  stopped.problem = ProblemView{
      .kind = "stopped",
      .failures = 1,
      .lasting = 0s,
      .answered = false,
      .stopped = true,
      .message =
          "HTTP 404 (model_not_found): The model `m404` does not exist or you do not have "
          "access to it. See https://help.example.com/models for those that your project may "
          "use, or ask the owner of the organization for access"};
  EndpointView just_broken = broken;
  just_broken.name = "us-east";
  just_broken.problem.reset();
  just_broken.failure = "HTTP 500: The server is out of order.";
  view.endpoints.push_back(broken);
  view.endpoints.push_back(just_broken);
  view.endpoints.push_back(stopped);
  return view;
}

View stopping() {
  View view = running();
  view.phase = "stopping: waiting for what is in flight (Ctrl-C again to abort)";
  view.stopping = true;
  view.left.reset();
  view.projected.reset();
  view.until_deadline.reset();
  return view;
}

View just_begun() {
  View view;
  view.job = "tickets";
  view.phase = "running";
  EndpointView endpoint;
  endpoint.name = "openai/gpt-5.4-mini";
  endpoint.cap = 256;
  view.endpoints.push_back(endpoint);
  return view;
}

struct Scene {
  const char* name;
  View view;
};

std::string document() {
  std::string text =
      "# The live block\n\nWhat a terminal of so many columns shows. Made by tests/observe/"
      "block_test.cc; SLUICE_UPDATE=1 writes it anew.\n";
  for (const Scene& scene : {Scene{"running", running()}, Scene{"failing endpoints", failing()},
                             Scene{"stopping", stopping()}, Scene{"just begun", just_begun()}}) {
    for (const std::size_t width : {120, 80, 50}) {
      text += fmt::format("\n## {}, {} columns\n\n```\n", scene.name, width);
      for (const std::string& line :
           as_block(scene.view, width, {.colour = false, .unicode = true}))
        text += line + '\n';
      text += "```\n";
    }
  }
  return text;
}

TEST(Block, LooksAsInItsDocument) {
  const char* path = SLUICE_SOURCE_DIR "/tests/observe/block.md";
  if (std::getenv("SLUICE_UPDATE") != nullptr) std::ofstream(path) << document();
  std::ifstream file(path);
  const std::string kept{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(document(), kept);
}

TEST(Block, NeverPassesTheWidthOfTheTerminal) {
  for (const View& view : {running(), failing(), stopping(), just_begun()})
    for (std::size_t width = 40; width < 140; ++width)
      for (const std::string& line : as_block(view, width)) EXPECT_LE(columns(line), width) << line;
}

TEST(Block, CutsNeitherTheInstructionNorACauseShort) {
  const auto whole = [](const View& view, std::size_t width) {
    std::string text;
    for (const std::string& line : as_block(view, width)) {
      text += text.empty() ? "" : " ";
      text += line.substr(line.find_first_not_of(' '));
    }
    return text;
  };
  for (const std::size_t width : {40, 50, 80, 120}) {
    EXPECT_THAT(whole(stopping(), width),
                testing::HasSubstr("waiting for what is in flight (Ctrl-C again to abort)"));
    EXPECT_THAT(whole(failing(), width), testing::HasSubstr("stopped: HTTP 404 (model_not_found)"));
  }
}

TEST(Block, HasEscapeSequencesOnlyWithColour) {
  for (const std::string& line : as_block(failing(), 80)) EXPECT_EQ(line.find('\x1b'), line.npos);
  const auto lines = as_block(failing(), 80, {.colour = true, .unicode = true});
  EXPECT_EQ(lines.front(), "\x1b[1mtickets\x1b[0m  42 s  running");
  EXPECT_THAT(lines, testing::Contains(testing::StartsWith("\x1b[31m  eu-west")));
  EXPECT_THAT(lines, testing::Contains(testing::EndsWith("\x1b[31m  breaker open\x1b[0m")));
  EXPECT_THAT(lines, testing::Contains(testing::HasSubstr("\x1b[33mafter the deadline, 16:57")));
}

TEST(Block, TextFromOutsideCannotSteerTheTerminal) {
  View view = running();
  view.job = "a\x1b[2Jb";
  view.endpoints[0].name = "x\x1b]0;t\x07";
  for (const std::string& line : as_block(view, 80)) EXPECT_EQ(line.find('\x1b'), line.npos);
}

TEST(Wrap, BreaksAtBlanksAndCutsOnlyWordsThatAreLongerThanALine) {
  EXPECT_THAT(wrapped("one two three", 7), testing::ElementsAre("one two", "three"));
  EXPECT_THAT(wrapped("one two three", 8), testing::ElementsAre("one two", "three"));
  EXPECT_THAT(wrapped("abcdefghij kl", 4), testing::ElementsAre("abcd", "efgh", "ij", "kl"));
  EXPECT_THAT(wrapped("  in two", 6), testing::ElementsAre("  in", "two"));
  EXPECT_THAT(wrapped("a\nb", 6), testing::ElementsAre("a", "b"));
  EXPECT_THAT(wrapped("grüße an alle", 5), testing::ElementsAre("grüße", "an", "alle"));
  EXPECT_THAT(wrapped("", 5), testing::IsEmpty());
  EXPECT_EQ(shortened("one two", 7), "one two");
  EXPECT_EQ(shortened("one two", 5), "one…");
  EXPECT_EQ(shortened("grüße", 4), "grü…");
}

}  // namespace
}  // namespace sluice::observe
