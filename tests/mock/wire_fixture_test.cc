// The wire formats from the server's side: a page of tests/mock/wire each, a request and the whole
// reply, or several of one mock after the other. SLUICE_REGENERATE=1 writes the replies again, to be read
// before they are committed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/mock/support.h"

namespace sluice::mock {
namespace {

using nlohmann::json;

// A request, so many seconds after the one before it.
struct Step {
  int wait = 0;
  std::string request;
  std::string reply;
};
// One "## claim" of a page. The options are words of the mock's command line that stand in the
// line after it, in `code`.
struct Case {
  std::string page;
  std::string claim;
  std::string options;
  std::vector<Step> steps;
};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

const std::filesystem::path kFolder = SLUICE_SOURCE_DIR "/tests/mock/wire";

std::vector<std::filesystem::path> pages() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".md") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// The blocks of a section: "```wait", "```request" and "```reply" of each step in order.
void read_blocks(std::string_view section, Case& found) {
  const std::string_view fence = "```";
  int wait = 0;
  for (std::size_t at = section.find("\n```"); at != section.npos; at = section.find("\n```")) {
    section.remove_prefix(at + 1 + fence.size());
    const std::string kind(section.substr(0, section.find('\n')));
    section.remove_prefix(kind.size() + 1);
    const std::size_t end = section.find("```\n");
    const std::string text(section.substr(0, end));
    section.remove_prefix(end + fence.size());
    if (kind == "options") found.options = text;
    if (kind == "wait") wait = std::stoi(text);
    if (kind == "request") found.steps.push_back({std::exchange(wait, 0), text, {}});
    if (kind == "reply") found.steps.back().reply = text;
  }
}

std::vector<Case> cases_of(const std::filesystem::path& page) {
  std::vector<Case> cases;
  const std::string text = read_file(page);
  for (std::size_t at = text.find("\n## "); at != text.npos;) {
    const std::size_t next = text.find("\n## ", at + 1);
    const std::string_view section = std::string_view(text).substr(at + 1, next - at - 1);
    Case found;
    found.page = page.stem();
    found.claim = section.substr(3, section.find('\n') - 3);
    read_blocks(section, found);
    cases.push_back(std::move(found));
    at = next;
  }
  return cases;
}

// "{{3 x ab}}" is "ababab": the innermost ones first.
std::string repeated(std::string text) {
  for (std::size_t start = text.rfind("{{"); start != text.npos; start = text.rfind("{{")) {
    const std::size_t end = text.find("}}", start);
    const std::size_t sign = text.find(" x ", start);
    const int times = std::stoi(text.substr(start + 2, sign - start - 2));
    const std::string part = text.substr(sign + 3, end - sign - 3);
    std::string whole;
    for (int i = 0; i < times; ++i) whole += part;
    text.replace(start, end + 2 - start, whole);
  }
  return text;
}

http::ServerRequest request_of(const std::string& text) {
  http::ServerRequest request;
  std::istringstream in(text);
  in >> request.method >> request.target;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line) && !line.empty()) {
    const std::size_t colon = line.find(": ");
    request.headers.add(line.substr(0, colon), line.substr(colon + 2));
  }
  // A form has lines, JSON may be broken into several.
  const bool form = request.headers.find("content-type").value_or("").starts_with("multipart/");
  while (std::getline(in, line)) request.body += form ? line + "\r\n" : line;
  if (request.body.find(" x ") != std::string::npos) request.body = repeated(request.body);
  return request;
}

Options options_of(const std::string& text) {
  Options options;
  std::istringstream in(text);
  std::string name;
  double number = 0;
  while (in >> name) {
    if (name == "key") {
      std::string key;
      in >> key;
      options.require_key = core::Secret(key);
      continue;
    }
    if (name == "refuse") {
      in >> options.refuse;
      continue;
    }
    if (name == "bucket") {
      in >> options.batch.buckets.emplace_back();
      continue;
    }
    in >> number;
    if (name == "batch-turnaround") {
      options.batch.speed = 1;
      options.batch.turnaround = std::chrono::seconds(static_cast<int>(number));
    }
    if (name == "batch-expire") options.batch.faults.expire = number;
    if (name == "cached-share") options.cached_share = number;
    if (name == "output-tokens") options.output_tokens = OutputTokens{number, 0};
    if (name == "rpm") options.rpm = number;
    if (name == "tpm") options.tpm = number;
    if (name == "error-429") options.faults.error_429 = number;
    if (name == "error-500") options.faults.error_500 = number;
    if (name == "reasoning-only") options.faults.reasoning_only = number;
    if (name == "chunks") options.faults.chunks = number;
    if (name == "flex-refusals") options.tiers["flex"].refusals = number;
    if (name == "flex-as-default") options.tiers["flex"].answered = "default";
  }
  return options;
}

std::string reply_of(ProviderModel& model, const Step& step, core::Duration passed) {
  const Decision decision = model.handle(request_of(step.request), kNow + passed, kWall + passed);
  std::string text = "HTTP/1.1 " + std::to_string(decision.response.status) + "\n";
  if (decision.response.content_type != "application/json")
    text += "content-type: " + decision.response.content_type + "\n";
  for (const auto& [name, value] : decision.response.headers) text += name + ": " + value + "\n";
  text += "\n";
  const json body = json::parse(decision.response.body, nullptr, false);
  text += body.is_discarded() ? decision.response.body : decision.response.body + "\n";
  const Stats& stats = model.stats();
  if (stats.answered > 0) {
    text += "\nbilled: input " + std::to_string(stats.input_tokens) + " (cached " +
            std::to_string(stats.cached_tokens) + "), output " +
            std::to_string(stats.output_tokens) + "\n";
  }
  return text;
}

TEST(WirePages, SayWhatEachRequestIsAnswered) {
  const bool regenerate = std::getenv("SLUICE_REGENERATE") != nullptr;
  for (const auto& page : pages()) {
    std::string text = read_file(page);
    for (const Case& one : cases_of(page)) {
      ASSERT_FALSE(one.steps.empty()) << one.page << ": " << one.claim;
      ProviderModel model(options_of(one.options), kNow);
      core::Duration passed{};
      std::size_t at = text.find("## " + one.claim + "\n");
      for (const Step& step : one.steps) {
        passed += std::chrono::seconds(step.wait);
        const std::string reply = reply_of(model, step, passed);
        if (!regenerate) {
          EXPECT_EQ(step.reply, reply) << one.page << ": " << one.claim;
          continue;
        }
        at = text.find("\n```\n", text.find("```request\n", at)) + 5;
        const std::size_t old = text.find("```reply\n", at);
        const bool there =
            old != text.npos && old < text.find("\n## ", at) && old < text.find("```request\n", at);
        const std::size_t end = there ? text.find("\n```\n", old) + 5 : at;
        text.replace(at, end - at, "\n```reply\n" + reply + "```\n");
        at = text.find("```reply\n", at);
      }
    }
    if (regenerate) std::ofstream(page) << text;
  }
}

}  // namespace
}  // namespace sluice::mock
