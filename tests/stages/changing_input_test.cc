// A job whose input changes between its runs, which end in every way: whatever comes in which order, a run
// that has ended leaves the answers to the input as it is, and none is refused its own files.
//
//   SLUICE_SEED=n    that one history alone
//   SLUICE_SEEDS=n   so many instead of kHistories
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "checkpoint/redo.h"
#include "inspect/audit.h"
#include "job/file_sink.h"
#include "job/run.h"
#include "tests/stages/scripted_sender.h"
#include "tests/stages/support.h"

namespace sluice::stages {
namespace {

constexpr std::uint64_t kHistories = 6;
constexpr int kSteps = 40;

// Where a sync costs nothing, if there is such a place: of a run this short the syncs take most.
std::string quick_folder() {
  return ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/" : testing::TempDir();
}

// A checkpoint that is not closed, as where the process was killed.
class KilledCheckpoint final : public checkpoint::Checkpoint {
 public:
  explicit KilledCheckpoint(std::unique_ptr<Checkpoint> real)
      : real_(std::move(real)), opened_(real_->opened()) {}
  const Opened& opened() const override { return opened_; }
  core::Result<bool> consume_done(const core::Hash128& row) override {
    return real_->consume_done(row);
  }
  std::uint64_t unmatched() const override { return 0; }
  core::Result<std::optional<checkpoint::StoredAnswer>> find_answer(
      const core::Hash128& question) override {
    return real_->find_answer(question);
  }
  bool intend(std::vector<store::Intent> intents, std::function<void()> durable) override {
    return real_->intend(std::move(intents), std::move(durable));
  }
  void commit(store::Results results, std::function<void()> durable) override {
    real_->commit(std::move(results), std::move(durable));
  }
  void set_rows_read(std::uint64_t rows, bool complete) override {
    real_->set_rows_read(rows, complete);
  }
  void set_day_use(std::uint32_t endpoint, const store::DayUse& use) override {
    real_->set_day_use(endpoint, use);
  }
  store::Account account() const override { return real_ ? real_->account() : store::Account(); }
  void on_failure(std::function<void(core::Error)> failed) override {
    real_->on_failure(std::move(failed));
  }
  core::Status close() override {
    real_.reset();
    return {};
  }

 private:
  std::unique_ptr<Checkpoint> real_;
  const Opened opened_;
};

// One job and what happens to it.
class History {
 public:
  explicit History(std::uint64_t seed) : random_(seed) {
    spec_.sink.path = scratch_.path(seed % 2 == 0 ? "out.jsonl" : "out.csv");
    spec_.sink.rejects = scratch_.path("rejects.jsonl");
    spec_.checkpoint.directory = scratch_.path("checkpoint");
    spec_.checkpoint.durability = store::Durability::process;
    if (below(3) == 0) texts_ = 2;
    for (int i = 0; i < 5; ++i) change();
    write();
  }

  void step() {
    switch (below(10)) {
      case 0:
        refused_ = below(texts_ + 2);
        break;
      case 1:
        redo();
        break;
      case 2:
        if (below(4) == 0) spec_.pack.system = below(2) == 0 ? "Be brief." : "Be kind.";
        break;
      case 3:
        run({.limit = static_cast<std::uint64_t>(below(20))});
        break;
      case 4:
        run({.stop_after = below(10)});
        break;
      case 5:
        run({.killed = true});
        break;
      default:
        for (int i = below(4); i > 0; --i) change();
        write();
        run({});
    }
  }

  const std::string& did() const { return did_; }

 private:
  struct How {
    std::optional<std::uint64_t> limit = {};
    std::optional<int> stop_after = {};  // so many requests
    bool killed = false;
  };

  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  // A row comes, leaves, moves, or asks something else: often what it has asked before.
  void change() {
    const auto at = [this] { return rows_.begin() + below(static_cast<int>(rows_.size())); };
    const int what = rows_.empty() ? 0 : below(6);
    if (what == 1) {
      rows_.erase(at());
    } else if (what == 2) {
      std::swap(*at(), *at());
    } else if (what == 3) {
      for (auto& [id, text] : rows_)
        if (below(2) == 0) text = below(texts_);
    } else if (what == 4 || what == 5) {
      at()->second = below(texts_);
    } else {
      rows_.insert(rows_.begin() + below(static_cast<int>(rows_.size()) + 1),
                   {below(12), below(texts_)});
    }
  }

  void write() {
    std::string lines;
    did_ += "input";
    for (const auto& [id, text] : rows_) {
      lines += fmt::format("{{\"id\":\"{}\",\"q\":\"{}\"}}\n", id, text);
      did_ += fmt::format(" {}:{}", id, text);
    }
    did_ += "\n";
    spec_.read.paths = {scratch_.write("in.jsonl", lines)};
  }

  void run(const How& how) {
    did_ += fmt::format("run limit {} stop after {} killed {} refused {} system '{}'\n",
                        how.limit ? static_cast<int>(*how.limit) : -1, how.stop_after.value_or(-1),
                        how.killed, refused_, spec_.pack.system);
    std::atomic<int> sent = 0;
    job::Run* self = nullptr;
    job::RunOptions options{.limit = how.limit, .keep_going = true};
    if (how.killed) {
      options.open_checkpoint =
          [](const checkpoint::Options& o,
             checkpoint::Projection& p) -> core::Result<std::unique_ptr<checkpoint::Checkpoint>> {
        auto real = checkpoint::Checkpoint::open(o, p);
        if (!real) return real;
        return std::make_unique<KilledCheckpoint>(std::move(*real));
      };
    }
    options.make_sender =
        [&](const dispatch::SenderSetup& setup) -> core::Result<std::unique_ptr<dispatch::Sender>> {
      return std::make_unique<ScriptedSender>(
          setup, [&](const schedule::Send&, const Request& request) {
            if (how.stop_after && ++sent > *how.stop_after) self->stop("enough");
            const std::string& text = request.items[0].prompt;
            return text == std::to_string(refused_)
                       ? failed_reply(provider::Action::dead, provider::Cause::content_filter, 400)
                       : good_reply("{\"a\":\"" + text + "\"}");
          });
    };
    auto made = job::Run::make(spec_, options);
    ASSERT_TRUE(made) << made.error().text();
    self = made->get();
    const auto result = self->run();
    ASSERT_TRUE(result) << result.error().text();
    if (how.killed) return;
    made->reset();
    const bool whole = result->end == job::RunEnd::finished && !how.limit;
    if (whole) expect_as_it_is();
    const auto report = inspect::audit(spec_);
    ASSERT_TRUE(report) << report.error().text();
    if (whole) {
      EXPECT_TRUE(report->proven());
    }
    EXPECT_EQ(report->of(inspect::Finding::missing).count, 0U);
    EXPECT_EQ(report->of(inspect::Finding::mismatched).count, 0U);
  }

  void redo() {
    did_ += "redo\n";
    const core::Hash128 fingerprint_now = fingerprint(spec_, make_question(spec_));
    const auto taken =
        checkpoint::take_back(spec_.checkpoint.directory, spec_.name, fingerprint_now,
                              [this](std::string_view) { return below(3) > 0; });
    // Before the first run, and after a change of the question, there is nothing to take back.
    if (!taken) did_ += "  " + taken.error().text() + "\n";
  }

  // Each row has its one line, and each line its row.
  void expect_as_it_is() const {
    std::multiset<std::pair<int, int>> lines;
    std::multiset<int> rejected;
    std::istringstream out(Scratch::read(spec_.sink.path));
    const bool csv = spec_.sink.path.ends_with(".csv");
    std::string line;
    if (csv) std::getline(out, line);  // the header
    while (std::getline(out, line)) {
      if (csv) {
        lines.emplace(std::stoi(line), std::stoi(line.substr(line.find(',') + 1)));
      } else {
        const auto json = nlohmann::json::parse(line);
        lines.emplace(std::stoi(json["id"].get<std::string>()),
                      std::stoi(json["a"].get<std::string>()));
      }
    }
    std::istringstream rejects(Scratch::read(spec_.sink.rejects));
    while (std::getline(rejects, line)) {
      const auto row = nlohmann::json::parse(line)["row"];
      lines.emplace(std::stoi(row["id"].get<std::string>()),
                    std::stoi(row["q"].get<std::string>()));
    }
    EXPECT_EQ(lines, (std::multiset<std::pair<int, int>>(rows_.begin(), rows_.end())));
  }

  std::mt19937_64 random_;
  const Scratch scratch_{quick_folder()};
  PipelineSpec spec_ = simple_spec(1);
  std::vector<std::pair<int, int>> rows_;  // id and what it asks
  int texts_ = 5;                          // different ones
  int refused_ = 0;
  std::string did_;
};

TEST(ChangingInput, ARunThatHasEndedLeavesTheAnswersToTheInputAsItIs) {
  std::vector<std::uint64_t> seeds;
  const char* one = std::getenv("SLUICE_SEED");
  const char* many = std::getenv("SLUICE_SEEDS");
  if (one != nullptr) {
    seeds.push_back(std::strtoull(one, nullptr, 10));
  } else {
    const std::uint64_t last = many != nullptr ? std::strtoull(many, nullptr, 10) : kHistories;
    for (std::uint64_t seed = 1; seed <= last; ++seed) seeds.push_back(seed);
  }
  for (const std::uint64_t seed : seeds) {
    History history(seed);
    for (int i = 0; i < kSteps && !HasFailure(); ++i) history.step();
    ASSERT_FALSE(HasFailure()) << "replay with SLUICE_SEED=" << seed << "\n" << history.did();
  }
}

// A job without a flow: what its checkpoint is given, and the sink's files.
class GivenEntries : public testing::Test {
 protected:
  static store::Entry entry(const std::string& name, store::Kind kind, const std::string& line) {
    store::Entry entry;
    entry.row = core::name128("row", {name});
    entry.kind = kind;
    entry.line = line;
    if (kind == store::Kind::answer) entry.model = "m";
    return entry;
  }
  static store::Entry rejected(const std::string& name) {
    return entry(name, store::Kind::reject, "{\"id\":\"" + name + "\"}");
  }

  // A run over an input of these rows, of which `fresh` have not ended yet: they end in one commit.
  void run(const std::vector<std::string>& standing, std::vector<store::Entry> fresh) {
    const auto sink = job::make_file_sink(out_, rejects_);
    checkpoint::Options options{.directory = directory_,
                                .job = "job",
                                .fingerprint = {},
                                .endpoints = {"m"},
                                .models = {"m"}};
    options.durability = store::Durability::process;
    const auto opened = checkpoint::Checkpoint::open(options, *sink);
    ASSERT_TRUE(opened) << opened.error().text();
    for (const std::string& name : standing)
      EXPECT_EQ((*opened)->consume_done(core::name128("row", {name})), true);
    (*opened)->commit({{}, std::move(fresh)}, [] {});
    (*opened)->drop_missing();
    const auto closed = (*opened)->close();
    EXPECT_TRUE(closed) << closed.error().text();
  }

  void redo(const std::string& name) {
    EXPECT_EQ(checkpoint::take_back(
                  directory_, "job", {},
                  [line = rejected(name).line](std::string_view each) { return each == line; }),
              1U);
  }

  const Scratch scratch_;
  const std::string directory_ = scratch_.path("checkpoint");
  std::string out_ = scratch_.path("out.jsonl");
  const std::string rejects_ = scratch_.path("rejects.jsonl");
};

TEST_F(GivenEntries, ARowThatLeftAndCameBackWithOthersMayBeFollowedByOneThatLeaves) {
  const auto answered = [](const std::string& name) {
    return entry(name, store::Kind::answer, "{\"id\":\"" + name + "\"}");
  };
  run({}, {answered("a")});
  run({}, {});
  EXPECT_EQ(Scratch::read(out_), "");
  run({}, {answered("a"), answered("b"), answered("c")});
  run({"a", "b"}, {});
  EXPECT_EQ(Scratch::read(out_), "{\"id\":\"a\"}\n{\"id\":\"b\"}\n");
}

TEST_F(GivenEntries, ARejectThatWasTakenBackAndIsRejectedAgainMayBeFollowedByAnother) {
  run({}, {rejected("a")});
  redo("a");
  run({}, {rejected("a"), rejected("b"), rejected("c")});
  redo("c");
  run({"a", "b"}, {});
  EXPECT_EQ(Scratch::read(rejects_), "{\"id\":\"a\"}\n{\"id\":\"b\"}\n");
}

TEST_F(GivenEntries, TheRowThatGaveCsvItsColumnsMayLeaveAndOthersAfterIt) {
  out_ = scratch_.path("out.csv");
  const auto answered = [](const std::string& name, const std::string& more) {
    return entry(name, store::Kind::answer, "{\"id\":\"" + name + "\"" + more + "}");
  };
  run({}, {answered("a", ",\"note\":1"), answered("b", ""), answered("c", ""), answered("d", "")});
  EXPECT_EQ(Scratch::read(out_), "id,note\r\na,1\r\nb,\r\nc,\r\nd,\r\n");
  run({"b", "c", "d"}, {});
  EXPECT_EQ(Scratch::read(out_), "id\r\nb\r\nc\r\nd\r\n");
  run({"c", "d"}, {});
  run({"d"}, {});
  EXPECT_EQ(Scratch::read(out_), "id\r\nd\r\n");
}

}  // namespace
}  // namespace sluice::stages
