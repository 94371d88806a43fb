// Rows with images and documents, from the pipeline file to each provider's wire and back.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "core/base64.h"
#include "core/hash.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kPhotos = 50;

// Every tenth is a PDF; each has bytes of its own.
std::string photo(std::size_t number) {
  std::string bytes =
      number % 10 == 9 ? "%PDF-1.7 /Type /Page " : std::string("\x89PNG\r\n\x1a\n and then ");
  for (std::size_t i = 0; i < 300 * (number + 1); ++i)
    bytes += static_cast<char>(core::hash128(fmt::format("{} {}", number, i)).low);
  return bytes;
}

// What the mock says of it: of the bytes that it has decoded.
std::string seen(std::string_view bytes) {
  return fmt::format("[{} of {} bytes, {}]",
                     bytes.starts_with("%PDF") ? "application/pdf" : "image/png", bytes.size(),
                     core::hash128(bytes).hex());
}

void make_photos(const World& world) {
  std::filesystem::create_directory(world.path("photos"));
  std::string rows;
  for (std::size_t i = 0; i < kPhotos; ++i) {
    world.write(fmt::format("photos/{}.x", i), photo(i));
    rows += fmt::format("{{\"id\":\"T-{0}\",\"text\":\"What is {0}?\",\"photo\":\"{0}.x\"}}\n", i);
  }
  world.write("in.jsonl", rows);
}

constexpr const char* kChatWithImages =
    R"(s.openai {{ model = "gpt-5.4-mini", key = "key-of-the-mock", base_url = "{0}/v1" }})";

// `pack`: more of its options.
void write_images_job(const World& world, const std::string& endpoint,
                      const std::string& pack = "") {
  const std::string root = world.base_url().substr(0, world.base_url().rfind('/'));
  world.write("job.lua", fmt::format(R"(local s = require "sluice"
local _ = s.param("base_url", "")
return s.pipeline {{
  name = "job",
  s.read {{ "in.jsonl", key = "id" }},
  s.pack {{ system = "Look.", user = "{{{{text}}}}", images = {{ "photos/{{{{photo}}}}" }}{} }},
  s.dispatch {{ {} }},
  s.sink {{ "out.jsonl" }},
}})",
                                     pack, fmt::format(fmt::runtime(endpoint), root)));
}

std::map<std::string, std::string> lines_by_key(const World& world) {
  std::map<std::string, std::string> lines;
  for (const std::string& line : world.lines("out.jsonl"))
    lines[line.substr(7, line.find('"', 7) - 7)] = line;  // {"id":"T-0",…
  return lines;
}

struct ImageFormat {
  const char* name;
  const char* endpoint;
};
constexpr ImageFormat kImageFormats[] = {
    {"chat", kChatWithImages},
    {"responses", R"(s.openai {{ model = "gpt-5.4-mini", key = "key-of-the-mock",
                                api = "responses", base_url = "{0}/v1" }})"},
    {"messages",
     R"(s.anthropic {{ model = "claude-haiku-4-5", key = "key-of-the-mock", base_url = "{0}" }})"},
    {"gemini",
     R"(s.gemini {{ model = "gemini-2.5-flash", key = "key-of-the-mock", base_url = "{0}/v1beta" }})"},
    {"vertex", R"(s.vertex {{ model = "gemini-2.5-flash", key = "key-of-the-mock", project = "p",
                             base_url = "{0}/v1" }})"},
    {"bedrock",
     R"(s.bedrock {{ model = "amazon.nova-lite-v1:0", key = "key-of-the-mock", base_url = "{0}" }})"},
    {"bedrock_signed", R"(s.bedrock {{ model = "amazon.nova-lite-v1:0", region = "us-east-1",
                                     credentials = "AKIDEXAMPLE:secret-of-the-mock", base_url = "{0}" }})"},
    {"azure",
     R"(s.azure {{ model = "deployment", key = "key-of-the-mock", base_url = "{0}/openai/v1" }})"},
    {"mistral",
     R"(s.mistral {{ model = "mistral-small-latest", key = "key-of-the-mock", base_url = "{0}/v1" }})"},
};

class EveryFormatWithImages : public testing::TestWithParam<ImageFormat> {};

TEST_P(EveryFormatWithImages, BringsEachRowsOwnBytesToTheServer) {
  World world;
  world.start_mock({"--key", "key-of-the-mock", "--aws-key", "AKIDEXAMPLE:secret-of-the-mock"});
  make_photos(world);
  write_images_job(world, GetParam().endpoint);
  const auto ended = world.sluice({"run", "job.lua"});
  ASSERT_EQ(ended.status, 0) << ended.output << ended.errors;
  EXPECT_EQ(wrong_with_output(world, kPhotos), "");
  const auto lines = lines_by_key(world);
  for (std::size_t i = 0; i < kPhotos; ++i)
    EXPECT_THAT(lines.at(fmt::format("T-{}", i)), HasSubstr(seen(photo(i))));
  const JobStatus ledger = world.status();
  const MockStats billed = world.mock_stats();
  EXPECT_EQ(ledger.answered_requests, kPhotos);
  EXPECT_EQ(ledger.input_tokens, billed.input_tokens);
  EXPECT_EQ(ledger.output_tokens, billed.output_tokens);
  EXPECT_EQ(world.sluice({"audit", "job.lua"}).status, 0);
}

INSTANTIATE_TEST_SUITE_P(Images, EveryFormatWithImages, testing::ValuesIn(kImageFormats),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Images, ARowIsAskedAgainWhenItsFileChangedAndNeverOtherwise) {
  World world;
  world.start_mock();
  make_photos(world);
  std::filesystem::remove(world.path("photos/3.x"));
  write_images_job(world, kChatWithImages);
  ASSERT_EQ(world.sluice({"run", "job.lua"}).status, 1) << "with a reject";
  EXPECT_EQ(world.mock_stats().answered, kPhotos - 1);
  ASSERT_EQ(world.lines("out.rejects.jsonl").size(), 1u);
  EXPECT_THAT(world.lines("out.rejects.jsonl")[0],
              testing::AllOf(HasSubstr("T-3"), HasSubstr("image_missing"),
                             HasSubstr("photos/3.x is not there")));

  // Unchanged, but for its name and its time: nothing is asked.
  std::filesystem::rename(world.path("photos/4.x"), world.path("photos/other.x"));
  world.write("photos/4.x", photo(4));
  ASSERT_EQ(world.sluice({"run", "job.lua"}).status, 1);
  EXPECT_EQ(world.mock_stats().answered, kPhotos - 1);

  // One changed, one that was missing has come: these two alone.
  world.write("photos/4.x", photo(4) + "!");
  world.write("photos/3.x", photo(3));
  ASSERT_EQ(world.sluice({"run", "job.lua"}).status, 0);
  EXPECT_EQ(world.mock_stats().answered, kPhotos + 1);
  EXPECT_EQ(world.lines("out.rejects.jsonl").size(), 0u);
  EXPECT_EQ(wrong_with_output(world, kPhotos), "");
  EXPECT_THAT(lines_by_key(world).at("T-4"), HasSubstr(seen(photo(4) + "!")));
  EXPECT_THAT(lines_by_key(world).at("T-3"), HasSubstr(seen(photo(3))));
}

// A folder that is not mounted must not cost the output.
TEST(Images, ThatAreAllGoneEndTheRunAndLeaveTheOutput) {
  World world;
  world.start_mock();
  make_photos(world);
  write_images_job(world, kChatWithImages);
  ASSERT_EQ(world.sluice({"run", "job.lua"}).status, 0);
  const std::string output = world.read("out.jsonl");
  std::filesystem::rename(world.path("photos"), world.path("elsewhere"));
  const auto gone = world.sluice({"run", "job.lua"});
  EXPECT_EQ(gone.status, 3) << gone.errors;
  EXPECT_THAT(gone.output + gone.errors,
              testing::AllOf(HasSubstr("fail alike (image_missing in pack)"),
                             HasSubstr("photos/0.x is not there"), HasSubstr("--keep-going")));
  EXPECT_EQ(world.read("out.jsonl"), output);

  // Where it is meant, their lines go; when the files are back, so are they, and nothing is paid.
  EXPECT_EQ(world.sluice({"run", "--keep-going", "job.lua"}).status, 1);
  EXPECT_EQ(world.lines("out.jsonl").size(), 0u);
  std::filesystem::rename(world.path("elsewhere"), world.path("photos"));
  EXPECT_EQ(world.sluice({"run", "job.lua"}).status, 0);
  EXPECT_EQ(wrong_with_output(world, kPhotos), "");
  EXPECT_EQ(world.mock_stats().answered, kPhotos);
}

// A row that is asked again is built again, from a file that is another by then.
TEST(Images, ThatChangeWhileTheyAreAskedAboutRejectTheirRowAndTheNextRunAsksIt) {
  World world;
  world.start_mock({"--garble", "1", "--latency-ms", "700"});
  std::filesystem::create_directory(world.path("photos"));
  world.write("photos/0.x", photo(0));
  world.write("in.jsonl", "{\"id\":\"T-0\",\"text\":\"What?\",\"photo\":\"0.x\"}\n");
  // So long that the mock's garbled reply has none whole.
  const std::string answer =
      R"(, answer = { colour = s.one_of { "red as fire engines are", "green as lawns are" } })";
  write_images_job(world, kChatWithImages, answer);
  const auto run = world.start({"run", "job.lua"});
  world.wait_for_requests(1);
  world.write("photos/0.x", photo(0) + "!");
  EXPECT_EQ(run->wait(std::chrono::seconds(30)), 1) << run->errors();
  ASSERT_EQ(world.lines("out.rejects.jsonl").size(), 1u);
  EXPECT_THAT(world.lines("out.rejects.jsonl")[0],
              testing::AllOf(HasSubstr("image_changed"), HasSubstr("photos/0.x changed while")));

  world.stop_mock();
  world.start_mock();
  write_images_job(world, kChatWithImages, answer);
  EXPECT_EQ(world.sluice({"run", "job.lua"}).status, 0);
  EXPECT_EQ(world.mock_stats().answered, 1u);
  EXPECT_EQ(wrong_with_output(world, 1), "");
}

TEST(Images, AJobGetsThemLaterAndKeepsTheAnswersOfRowsWithoutAny) {
  World world;
  world.start_mock();
  world.write("in.jsonl",
              "{\"id\":\"T-0\",\"text\":\"a\",\"photo\":\"\"}\n"
              "{\"id\":\"T-1\",\"text\":\"b\",\"photo\":\"photos/1.x\"}\n");
  std::filesystem::create_directory(world.path("photos"));
  world.write("photos/1.x", photo(1));
  write_images_job(world, kChatWithImages);
  const std::string job = world.read("job.lua");
  const auto with = [&](const std::string& images) {
    std::string text = job;
    const std::string old = R"(images = { "photos/{{photo}}" })";
    return text.replace(text.find(old), old.size(), images);
  };
  world.write("job.lua", with("rows = 1"));
  ASSERT_EQ(world.sluice({"run", "job.lua"}).status, 0);
  EXPECT_EQ(world.mock_stats().answered, 2u);
  world.write("job.lua", with(R"(images = { "{{photo}}" })"));
  ASSERT_EQ(world.sluice({"run", "job.lua"}).status, 0);
  EXPECT_EQ(world.mock_stats().answered, 3u);
  EXPECT_THAT(lines_by_key(world).at("T-0"), Not(HasSubstr("image/png")));
  EXPECT_THAT(lines_by_key(world).at("T-1"), HasSubstr(seen(photo(1))));
}

TEST(Images, MayStandInTheRowOrBeAnAddress) {
  World world;
  world.start_mock();
  std::string data;
  core::append_base64(data, photo(1));
  world.write("in.jsonl",
              "{\"id\":\"T-0\",\"text\":\"a\",\"photo\":\"data:image/png;base64," + data +
                  "\"}\n{\"id\":\"T-1\",\"text\":\"b\",\"photo\":\"https://example.com/1.png\"}\n");
  write_images_job(world, kChatWithImages);
  std::string job = world.read("job.lua");
  job.replace(job.find("photos/{{photo}}"), 16, "{{photo}}");
  world.write("job.lua", job);
  ASSERT_EQ(world.sluice({"run", "job.lua"}).status, 0);
  EXPECT_THAT(lines_by_key(world).at("T-0"), HasSubstr(seen(photo(1))));
  EXPECT_THAT(lines_by_key(world).at("T-1"), HasSubstr("[at https://example.com/1.png]"));
}

#ifndef SLUICE_SANITIZED  // sanitizers want terabytes of addresses
// 400 MB of them, behind small ones, which is all that the flow knows of them by then.
TEST(Images, ThatAreLargeAndManyFitIntoBoundedMemory) {
  constexpr std::size_t kSmall = 300;
  constexpr std::size_t kLarge = 110;
  World world;
  world.start_mock({"--latency-ms", "100"});
  std::filesystem::create_directory(world.path("photos"));
  world.write("photos/small.x", photo(0));
  world.write("photos/large.x", photo(0) + std::string(3'700'000, 'x'));
  std::string rows;
  for (std::size_t i = 0; i < kSmall + kLarge; ++i)
    rows += fmt::format("{{\"id\":\"T-{0}\",\"text\":\"What is {0}?\",\"photo\":\"{1}.x\"}}\n", i,
                        i < kSmall ? "small" : "large");
  world.write("in.jsonl", rows);
  write_images_job(world, kChatWithImages);
  Process run(world.path(""), "limited",
              {"/bin/sh", "-c", "ulimit -c 0; ulimit -v 900000; exec \"$0\" \"$@\"", SLUICE_PROGRAM,
               "run", "job.lua"});
  EXPECT_EQ(run.wait(std::chrono::seconds(100)), 0) << run.errors();
  EXPECT_EQ(wrong_with_output(world, kSmall + kLarge), "");
}
#endif

// Neither the requests of a dry run nor those of a trial show more than the beginning of a file.
TEST(Images, AreShownByTheirBeginnings) {
  World world;
  world.start_mock();
  make_photos(world);
  world.write("photos/0.x", photo(0) + std::string(300'000, 'x'));
  write_images_job(world, kChatWithImages);
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"run", "--dry-run", "job.lua"},
        std::vector<std::string>{"try", "job.lua", "--rows", "1"}}) {
    const auto shown = world.sluice(command);
    EXPECT_EQ(shown.status, 0) << shown.errors;
    EXPECT_LT(shown.output.size(), 100'000u);
    EXPECT_THAT(shown.output, HasSubstr("data:image/png;base64,iVBORw0KGgog"));
    EXPECT_THAT(shown.output, HasSubstr("300 kB)"));
  }
}

TEST(Images, OfARowAreShownByTheirPlaceAndSize) {
  World world;
  world.start_mock();
  make_photos(world);
  write_images_job(world, kChatWithImages);
  const auto shown = world.sluice({"show", "job.lua", "T-0"});
  EXPECT_EQ(shown.status, 0) << shown.errors;
  EXPECT_THAT(shown.output,
              HasSubstr(fmt::format("photos/0.x (image/png, {} bytes)", photo(0).size())));
}

TEST(Images, MayBeAskedAboutInOneCommand) {
  World world;
  world.start_mock();
  make_photos(world);
  const auto asked = world.sluice(
      {"ask", "in.jsonl", "--user", "{{text}}", "--image", "photos/{{photo}}", "--model", "m",
       "--base-url", world.base_url(), "--key", "id", "--rows", "2", "--out", "out.jsonl"});
  EXPECT_EQ(asked.status, 0) << asked.errors;
  ASSERT_EQ(world.lines("out.jsonl").size(), 2u);
  EXPECT_THAT(lines_by_key(world).at("T-1"), HasSubstr(seen(photo(1))));
}

TEST(Images, OfTheFirstRowsAreLookedAtByCheck) {
  World world;
  world.start_mock();
  make_photos(world);
  world.write("photos/1.x", "<!DOCTYPE html>");
  write_images_job(world, kChatWithImages);
  const auto checked = world.sluice({"check", "job.lua"});
  EXPECT_THAT(checked.output + checked.errors,
              testing::AllOf(HasSubstr("bad_image"), HasSubstr("photos/1.x is a web page")));
}

// Answers by a schema, a cascade's second level, and a request that is sent again carry them too.
TEST(Images, GoWithEachAttemptAndEachLevel) {
  World world;
  world.start_mock({"--error-500", "0.05", "--garble", "0.05"});
  make_photos(world);
  write_images_job(world, R"(s.cascade {{
      s.openai {{ model = "small", key = "k", base_url = "{0}/v1" }},
      s.openai {{ model = "large", key = "k", base_url = "{0}/v1" }},
      escalate = function(answer) return true end }})",
                   R"(, answer = { colour = s.one_of { "red", "green", "blue" } })");
  const auto ended = world.sluice({"run", "job.lua"});
  ASSERT_EQ(ended.status, 0) << ended.output << ended.errors;
  EXPECT_EQ(wrong_with_output(world, kPhotos), "");
  // A thousand tokens for each image or document that was answered.
  EXPECT_GE(world.mock_stats().input_tokens, 2 * kPhotos * 1000);
}

}  // namespace
}  // namespace sluice::cli
