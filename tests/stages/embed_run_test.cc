// Whole runs of s.embed before a server that holds to OpenAI's limits: 2,048 texts and 300,000
// tokens a request, 8,192 tokens a text.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "job/run.h"
#include "tests/stages/dispatch_support.h"
#include "tests/stages/support.h"

namespace sluice::stages {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kTokens = 300'000;
constexpr std::uint64_t kTextTokens = 8'192;
constexpr std::size_t kMostTexts = 2'048;

// What the server has seen and refused; of one run.
struct Seen {
  std::function<std::uint64_t(const std::string& text)> tokens_of;
  std::uint64_t fewer_vectors = 0;  // left out of so many replies' first
  int requests = 0;
  std::map<std::string, int> refused;               // by text
  std::map<std::string, std::size_t> refused_with;  // by text: the most texts beside it
};

provider::Reply refusal(std::string message) {
  provider::Reply reply = failed_reply(provider::Action::split, provider::Cause::too_large, 400);
  reply.outcome.message = "HTTP 400: " + std::move(message);
  return reply;
}

class EmbeddingServer final : public dispatch::Sender {
 public:
  EmbeddingServer(const dispatch::SenderSetup& setup, Seen& seen) : setup_(setup), seen_(seen) {}

  void send(const schedule::Send& attempt, const Request& request) override {
    setup_.loop.post([this, attempt, reply = reply_to(request)] {
      setup_.events.finished(attempt, provider::Reply(reply), reply.vectors.size() * 6);
    });
  }
  void cancel(schedule::AttemptId) override {}
  void stop() override {}

 private:
  provider::Reply reply_to(const Request& request) {
    ++seen_.requests;
    std::uint64_t sum = 0;
    provider::Reply reply = good_reply("");
    for (std::size_t i = 0; i < request.items.size(); ++i) {
      const std::uint64_t tokens = seen_.tokens_of(request.items[i].prompt);
      if (tokens > kTextTokens)
        return refuse(request,
                      fmt::format("Invalid 'input[{}]': maximum input length is 8192 tokens.", i));
      sum += tokens;
      reply.vectors.push_back(0.5F);
      reply.vectors.push_back(static_cast<float>(tokens));
    }
    if (request.items.size() > kMostTexts || sum > kTokens)
      return refuse(request,
                    fmt::format("Requested {} tokens, max 300000 tokens per request", sum));
    reply.dimensions = 2;
    reply.outcome.usage = {.input = sum};
    if (seen_.fewer_vectors > 0) {
      --seen_.fewer_vectors;
      reply.vectors.resize(reply.vectors.size() - 2);
    }
    return reply;
  }

  provider::Reply refuse(const Request& request, std::string message) {
    for (const Item& item : request.items) {
      ++seen_.refused[item.prompt];
      std::size_t& beside = seen_.refused_with[item.prompt];
      beside = std::max(beside, request.items.size() - 1);
    }
    return refusal(std::move(message));
  }

  const dispatch::SenderSetup setup_;
  Seen& seen_;
};

class EmbedRunTest : public testing::Test {
 protected:
  EmbedRunTest() {
    spec_.pack.answer.clear();
    spec_.pack.embed.emplace().input_tokens = kTextTokens;
    spec_.pack.rows = kMostTexts;
    spec_.pack.tokens = kTokens;
    spec_.dispatch.endpoints[0].api = "embeddings";
    spec_.sink.path = scratch_.path("out.jsonl");
    spec_.sink.rejects = scratch_.path("out.rejects.jsonl");
  }

  void run(const std::vector<std::string>& texts) {
    std::string lines;
    for (std::size_t i = 0; i < texts.size(); ++i)
      lines += fmt::format("{{\"id\":{},\"q\":\"{}\"}}\n", i, texts[i]);
    spec_.read.paths = {scratch_.write("in.jsonl", lines)};
    job::RunOptions options;
    options.make_sender =
        [this](
            const dispatch::SenderSetup& setup) -> core::Result<std::unique_ptr<dispatch::Sender>> {
      return std::make_unique<EmbeddingServer>(setup, seen_);
    };
    options.open_checkpoint =
        [this](const checkpoint::Options&,
               checkpoint::Projection&) -> core::Result<std::unique_ptr<checkpoint::Checkpoint>> {
      auto made = std::make_unique<MemoryCheckpoint>();
      checkpoint_ = made.get();
      return made;
    };
    auto made = job::Run::make(spec_, options);
    ASSERT_TRUE(made) << made.error().text();
    run_ = std::move(*made);
    const auto result = run_->run();
    ASSERT_TRUE(result) << result.error().text();
    EXPECT_EQ(result->end, job::RunEnd::finished) << result->why;
    EXPECT_EQ(checkpoint_->entries.size(), texts.size());
  }

  int count(store::Kind kind) const {
    int count = 0;
    for (const store::Entry& entry : checkpoint_->entries) count += entry.kind == kind ? 1 : 0;
    return count;
  }
  int most_refusals() const {
    int most = 0;
    for (const auto& [text, times] : seen_.refused) most = std::max(most, times);
    return most;
  }

  Scratch scratch_;
  PipelineSpec spec_ = simple_spec(1);
  Seen seen_;
  MemoryCheckpoint* checkpoint_ = nullptr;
  std::unique_ptr<job::Run> run_;
};

std::string text_of(std::size_t number, std::size_t bytes) {
  std::string text = fmt::format("text {} ", number);
  text.resize(std::max(text.size(), bytes), 'x');
  return text;
}

TEST_F(EmbedRunTest, WritesAVectorForEachText) {
  seen_.tokens_of = [](const std::string& text) { return text.size() / 4 + 1; };
  run({"a", "bcdefgh"});
  std::vector<std::string> lines;
  for (const store::Entry& entry : checkpoint_->entries) lines.push_back(entry.line);
  EXPECT_THAT(lines, testing::UnorderedElementsAre(R"({"id":0,"embedding":[0.5,1]})",
                                                   R"({"id":1,"embedding":[0.5,2]})"));
  EXPECT_EQ(seen_.requests, 1);
}

TEST_F(EmbedRunTest, RefusesEmptyTextsBeforeTheyAreSent) {
  seen_.tokens_of = [](const std::string& text) { return text.size(); };
  run({"a", "", "b"});
  EXPECT_EQ(count(store::Kind::reject), 1);
  const auto reject =
      std::ranges::find(checkpoint_->entries, store::Kind::reject, &store::Entry::kind);
  EXPECT_THAT(reject->line, HasSubstr("empty_prompt"));
  EXPECT_THAT(reject->line, HasSubstr("the text of this row is empty"));
  EXPECT_TRUE(seen_.refused.empty());
}

// Texts of 60 to 24,000 bytes whose tokens have 4.3 bytes in the mean, a twentieth more or less by
// text; among them eight that are too long by the server's count.
TEST_F(EmbedRunTest, NeedsAtMostFivePercentMoreRequestsThanTheLeastAndIsNeverRefusedTwice) {
  seen_.tokens_of = [](const std::string& text) {
    const double stray = 0.95 + 0.1 * static_cast<double>(text.size() % 101) / 100;
    return static_cast<std::uint64_t>(std::ceil(static_cast<double>(text.size()) * stray / 4.3));
  };
  std::mt19937 random(7);
  std::lognormal_distribution<double> length(std::log(2'400.0), 0.8);
  std::vector<std::string> texts;
  std::uint64_t tokens = 0;
  constexpr int kTooLong = 8;
  while (texts.size() < 20'000 - kTooLong) {
    const auto bytes = static_cast<std::size_t>(std::clamp(length(random), 60.0, 24'000.0));
    texts.push_back(text_of(texts.size(), bytes));
    tokens += seen_.tokens_of(texts.back());
  }
  for (int i = 0; i < kTooLong; ++i) {
    const std::size_t at = static_cast<std::size_t>(i) * 2'500;
    texts.insert(texts.begin() + static_cast<std::ptrdiff_t>(at),
                 text_of(900'000 + at, 40'000 + at));
  }
  run(texts);

  const std::uint64_t full = (tokens + kTokens - 1) / kTokens;
  const std::uint64_t least = std::max<std::uint64_t>(full, 20'000 / kMostTexts + 1) + kTooLong;
  RecordProperty("requests", seen_.requests);
  RecordProperty("least", static_cast<int>(least));
  std::cout << "requests " << seen_.requests << ", the least possible " << least << "\n";
  EXPECT_LE(seen_.requests, 1.05 * static_cast<double>(least));
  EXPECT_LE(most_refusals(), 1);
  EXPECT_EQ(seen_.refused.size(), static_cast<std::size_t>(kTooLong));
  for (const auto& [text, beside] : seen_.refused_with) EXPECT_EQ(beside, 0u);
  EXPECT_EQ(count(store::Kind::answer), 20'000 - kTooLong);
  EXPECT_EQ(count(store::Kind::reject), kTooLong);
}

// Dense texts: nothing that could be presumed beforehand fits.
TEST_F(EmbedRunTest, HalvesTheFirstPackAndLearnsWhereTokensAreShort) {
  seen_.tokens_of = [](const std::string& text) { return text.size() * 10 / 16; };
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 3'000; ++i) texts.push_back(text_of(i, 1'000 + i % 700));
  run(texts);
  EXPECT_LE(most_refusals(), 1);
  EXPECT_EQ(count(store::Kind::answer), 3'000);
}

TEST_F(EmbedRunTest, SendsTheTextThatTheServerNamesAloneAndTheRestOnceMore) {
  seen_.tokens_of = [](const std::string& text) {
    return text.ends_with("dense") ? text.size() : text.size() / 4;
  };
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 200; ++i) texts.push_back(text_of(i, 1'000));
  texts[77] = text_of(77, 12'000) + "dense";
  run(texts);
  EXPECT_EQ(seen_.requests, 3);
  EXPECT_EQ(seen_.refused[texts[77]], 2);  // in the pack, and alone
  EXPECT_EQ(seen_.refused[texts[0]], 1);
  EXPECT_EQ(count(store::Kind::answer), 199);
  const auto reject =
      std::ranges::find(checkpoint_->entries, store::Kind::reject, &store::Entry::kind);
  EXPECT_THAT(reject->line, HasSubstr("maximum input length is 8192 tokens"));
}

TEST_F(EmbedRunTest, AsksAgainWhereVectorsAreMissing) {
  seen_.tokens_of = [](const std::string& text) { return text.size() / 4 + 1; };
  seen_.fewer_vectors = 1;
  run({"a", "b", "c", "d", "e"});
  EXPECT_EQ(count(store::Kind::answer), 5);
  EXPECT_EQ(seen_.requests, 3);
}

}  // namespace
}  // namespace sluice::stages
