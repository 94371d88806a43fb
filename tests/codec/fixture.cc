#include "fixture.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "codec/registry.h"
#include "core/json.h"

namespace sluice::codec {
namespace {

using namespace provider;

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Takes the lines of a block up to its closing fence.
std::vector<std::string> take_block(const std::vector<std::string>& lines, std::size_t& at) {
  std::vector<std::string> block;
  for (++at; at < lines.size() && lines[at] != "```"; ++at) block.push_back(lines[at]);
  return block;
}

void read_response(const std::vector<std::string>& block, Fixture& fixture) {
  if (block.empty() || !block[0].starts_with("HTTP/1.1 ")) {
    throw std::runtime_error(fixture.name + ": no status line");
  }
  fixture.status = std::stoi(block[0].substr(9));
  std::size_t i = 1;
  for (; i < block.size() && !block[i].empty(); ++i) {
    const std::size_t colon = block[i].find(": ");
    if (colon == std::string::npos) throw std::runtime_error(fixture.name + ": " + block[i]);
    fixture.headers.emplace_back(block[i].substr(0, colon), block[i].substr(colon + 2));
  }
  for (++i; i < block.size(); ++i) {
    if (!fixture.body.empty()) fixture.body += '\n';
    // An empty first line of a body (a keep-alive) is a line end.
    fixture.body += block[i].empty() && fixture.body.empty() ? "\n" : block[i];
  }
}

constexpr const char* kActions[] = {"none",    "retry", "move", "dead",
                                    "refused", "stop",  "job",  "split"};
constexpr const char* kFinishes[] = {"stop", "length", "refusal", "content_filter", "other"};
constexpr const char* kBillings[] = {"known", "possible", "none"};
constexpr const char* kQuotaNames[] = {"requests_per_minute",     "tokens_per_minute",
                                       "input_tokens_per_minute", "output_tokens_per_minute",
                                       "requests_per_day",        "tokens_per_day"};

std::string in_milliseconds(core::Duration d) {
  return fmt::format("{} ms", static_cast<double>(d.count()) / 1e6);
}

std::string hint_text(const QuotaHint& hint) {
  std::vector<std::string> parts;
  if (hint.limit) parts.push_back(fmt::format("limit {}", *hint.limit));
  if (hint.remaining) parts.push_back(fmt::format("remaining {}", *hint.remaining));
  if (hint.reset_after) parts.push_back("reset " + in_milliseconds(*hint.reset_after));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

std::vector<Fixture> read_fixtures(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".md") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Fixture> fixtures;
  for (const auto& file : files) {
    const std::vector<std::string> lines = lines_of(file);
    std::string name;
    for (std::size_t at = 0; at < lines.size(); ++at) {
      if (lines[at].starts_with("## ")) name = lines[at].substr(3);
      if (lines[at].starts_with("```response ")) {
        Fixture fixture;
        fixture.name = file.stem().string() + ": " + name;
        std::istringstream words(lines[at].substr(12));
        words >> fixture.constructor;
        for (std::string word; words >> word;)
          (word.starts_with("api=")     ? fixture.api = word.substr(4)
           : word.starts_with("model=") ? fixture.model = word.substr(6)
           : word.starts_with("tier=")  ? fixture.tier = word.substr(5)
                                        : fixture.base_url = word);
        read_response(take_block(lines, at), fixture);
        fixtures.push_back(std::move(fixture));
      } else if (lines[at] == "```reply") {
        if (fixtures.empty() || !fixtures.back().expected.empty()) {
          throw std::runtime_error(name + ": a reply without a response");
        }
        for (const std::string& line : take_block(lines, at)) {
          fixtures.back().expected += line + '\n';
        }
      }
    }
  }
  return fixtures;
}

std::string reply_text(const Fixture& fixture) {
  EndpointSpec spec;
  spec.name = "test";
  spec.provider = find_provider(fixture.constructor, fixture.base_url);
  if (spec.provider.profile == nullptr)
    throw std::runtime_error(fixture.name + ": no constructor s." + fixture.constructor);
  spec.base_url = fixture.base_url.empty() ? spec.provider.profile->base_url : fixture.base_url;
  spec.model = fixture.model;
  spec.service_tier = fixture.tier;
  spec.api = fixture.api;
  spec.key = core::Secret("sk-test-1234567890");
  const std::vector<HeaderView> headers(fixture.headers.begin(), fixture.headers.end());
  const Reply reply =
      make_codec(spec)->read(fixture.status, headers, fixture.body, core::ManualClock().wall_now());

  const Outcome& outcome = reply.outcome;
  std::string out = fmt::format("action: {}\n", kActions[static_cast<int>(outcome.action)]);
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) out += fmt::format("{}: {}\n", name, value);
  };
  line("cause", outcome.contact == Contact::unusable ? "unusable" : "");
  line("reason", std::string(cause_name(outcome.cause)));
  line("message", outcome.message);
  if (outcome.status != fixture.status) line("status", std::to_string(outcome.status));
  if (outcome.action == Action::none) {
    line("finish", kFinishes[static_cast<int>(reply.finish)]);
    std::string text;
    core::append_json_string(text, reply.text);
    line(reply.vectors.empty() ? "text" : "vectors",
         reply.vectors.empty()
             ? text
             : fmt::format("{} in each: {}", reply.dimensions, fmt::join(reply.vectors, " ")));
  }
  line("model", reply.model);
  line("billing", kBillings[static_cast<int>(outcome.billing)]);
  if (outcome.usage != Usage()) {
    line("usage",
         fmt::format("input {} (cached {}), output {} (reasoning {})", outcome.usage.input,
                     outcome.usage.cached_input, outcome.usage.output, outcome.usage.reasoning));
  }
  if (outcome.usage.cache_write + outcome.usage.cache_write_1h > 0) {
    line("written to the cache",
         fmt::format("{} for minutes, {} for an hour", outcome.usage.cache_write,
                     outcome.usage.cache_write_1h));
  }
  if (outcome.tier != Tier::asked) line("tier", std::string(tier_name(outcome.tier)));
  if (outcome.charged) {
    line("charged", fmt::format("{} picodollars", outcome.charged->picodollars()));
  }
  if (outcome.hints.retry_after) line("retry_after", in_milliseconds(*outcome.hints.retry_after));
  for (std::size_t q = 0; q < kQuotas; ++q) {
    line(kQuotaNames[q], hint_text(outcome.hints.quota[q]));
  }
  return out;
}

}  // namespace sluice::codec
