// A checkpoint of format 1, as the first sluice made it: read as it is by readers, brought to the
// present format by the first run, and not touched when it is damaged.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include "checkpoint/block.h"
#include "checkpoint/redo.h"
#include "store/bytes.h"
#include "store/sqlite_file_check.h"
#include "support.h"

namespace sluice::checkpoint {
namespace {

constexpr char kFormat1[] = R"(
PRAGMA journal_mode = WAL;
PRAGMA application_id = 1397506865;
PRAGMA user_version = 1;
CREATE TABLE job(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  generation INTEGER NOT NULL, next_attempt INTEGER NOT NULL,
  rows_read INTEGER NOT NULL, input_complete INTEGER NOT NULL,
  answered INTEGER NOT NULL, rejected INTEGER NOT NULL,
  projected_block INTEGER NOT NULL,
  projected_answers INTEGER NOT NULL, projected_rejects INTEGER NOT NULL) STRICT;
CREATE TABLE generation(id INTEGER PRIMARY KEY, fingerprint BLOB NOT NULL) STRICT;
CREATE TABLE endpoint(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL,
  attempts INTEGER NOT NULL, answered INTEGER NOT NULL, failed INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL,
  cost INTEGER NOT NULL, maybe_billed INTEGER NOT NULL, maybe_billed_cost INTEGER NOT NULL) STRICT;
CREATE TABLE model(id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE TABLE block_keys(
  block INTEGER PRIMARY KEY, generation INTEGER NOT NULL,
  answers INTEGER NOT NULL, rejects INTEGER NOT NULL, keys BLOB NOT NULL) STRICT;
CREATE TABLE block_data(block INTEGER PRIMARY KEY, payload BLOB NOT NULL) STRICT;
CREATE TABLE attempts(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, records BLOB NOT NULL) STRICT;
INSERT INTO endpoint VALUES(1, 'east', 10, 8, 2, 1000, 100, 200, 50, 750000000000, 1, 1000000000000);
INSERT INTO model VALUES(1, 'm1');
)";

// What is new in format 5, taken out again.
constexpr char kBackTo4[] = R"(
ALTER TABLE endpoint DROP COLUMN uncounted;
ALTER TABLE endpoint DROP COLUMN uncounted_cost;
ALTER TABLE endpoint DROP COLUMN day_requests;
ALTER TABLE endpoint DROP COLUMN day_tokens;
ALTER TABLE endpoint DROP COLUMN day_at;
ALTER TABLE endpoint DROP COLUMN problem;
ALTER TABLE job DROP COLUMN answers_proof;
ALTER TABLE job DROP COLUMN rejects_proof;
ALTER TABLE job DROP COLUMN boot;
ALTER TABLE generation DROP COLUMN answers_end;
ALTER TABLE generation DROP COLUMN answers_proof;
ALTER TABLE generation DROP COLUMN answers_block;
ALTER TABLE generation DROP COLUMN rejects_end;
ALTER TABLE generation DROP COLUMN rejects_proof;
ALTER TABLE generation DROP COLUMN rejects_block;
ALTER TABLE generation ADD COLUMN sink BLOB NOT NULL DEFAULT x'';
PRAGMA user_version = 4;
)";

std::string hex(std::string_view bytes) {
  std::string text = "x'";
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text + "'";
}

class MigrationTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(scratch_.job());
    BlockBuilder builder;
    builder.add(answer("a"), 1, false);
    builder.add(reject("b"), 0, false);
    const auto block = builder.finish();
    ASSERT_TRUE(block.has_value());
    write_file(scratch_.path() + "/answers.jsonl", block->answers);
    write_file(scratch_.path() + "/rejects.jsonl", block->rejects);
    std::string fingerprint;
    store::put(fingerprint, hash_of("f1"));
    execute(kFormat1 + std::string("INSERT INTO generation VALUES(1, ") + hex(fingerprint) +
            "); INSERT INTO block_keys VALUES(1, 1, 1, 1, " + hex(block->keys) +
            "); INSERT INTO block_data VALUES(1, " + hex(block->payload) +
            "); INSERT INTO job VALUES(1, 1, 11, 3, 1, 1, 1, 1, " +
            std::to_string(block->answers.size()) + ", " + std::to_string(block->rejects.size()) +
            ");");
  }
  void execute(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(scratch_.database().c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  // As the file's first bytes tell it, which is all that an older sluice looks at.
  int version() const { return static_cast<unsigned char>(read_file(scratch_.database())[63]); }

  void expect_account(const store::Account& account) const {
    EXPECT_EQ(account.rows_read, 3U);
    EXPECT_EQ(account.rows_answered, 1U);
    EXPECT_EQ(account.rows_rejected, 1U);
    EXPECT_TRUE(account.input_complete);
    const store::EndpointLedger& east = account.endpoints.at(0);
    EXPECT_EQ(east.attempts, 10U);
    EXPECT_EQ(east.usage, (provider::Usage{1000, 100, 200, 50}));
    EXPECT_EQ(east.cost, dollars(0.75));
    EXPECT_EQ(east.estimated_cost, dollars(0.75));
    EXPECT_EQ(east.failed_cost, core::Money());
    EXPECT_EQ(east.charged, 0U);
    EXPECT_EQ(east.maybe_billed_cost, dollars(1));
  }

  ScratchDirectory scratch_;
  FileProjection projection_{scratch_.path()};
};

TEST_F(MigrationTest, AReaderReadsTheOldFormatAndLeavesIt) {
  const std::string before = read_file(scratch_.database());
  const auto account = read_account(scratch_.job());
  ASSERT_TRUE(account.has_value()) << account.error().text();
  expect_account(*account);
  EXPECT_EQ(read_file(scratch_.database()), before);
}

TEST_F(MigrationTest, TheFirstRunMigratesAndGoesOn) {
  auto c = open_checkpoint(options_for(scratch_), projection_);
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(version(), store::kFormatVersion);
  EXPECT_EQ(c->opened().done_rows, 2U);
  EXPECT_EQ(c->opened().next_attempt, 11U);
  EXPECT_EQ(c->opened().spent, dollars(1.75));
  EXPECT_TRUE(*c->consume_done(answer("a").row));
  EXPECT_EQ(projection_.recorded().answers, answer("a").line.size() + 1) << "nothing is replayed";
  const auto found = c->find_answer(answer("a").question);
  ASSERT_TRUE(found.has_value() && found->has_value());
  commit_now(*c, {answer("c")}, {settled(11, 0, 0.25)});
  ASSERT_TRUE(c->close().has_value());
  EXPECT_EQ(projection_.answers(), answer("a").line + "\n" + answer("c").line + "\n");
  EXPECT_EQ(read_account(scratch_.job())->total().cost, dollars(1));
}

TEST_F(MigrationTest, AFileOfFormat2IsReadAndMigratedToo) {
  execute(R"(
    ALTER TABLE job ADD COLUMN rejects_block INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE endpoint ADD COLUMN failed_input_tokens INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE endpoint ADD COLUMN failed_cached_tokens INTEGER NOT NULL DEFAULT 2;
    ALTER TABLE endpoint ADD COLUMN failed_output_tokens INTEGER NOT NULL DEFAULT 3;
    ALTER TABLE endpoint ADD COLUMN failed_reasoning_tokens INTEGER NOT NULL DEFAULT 4;
    ALTER TABLE endpoint ADD COLUMN failed_cost INTEGER NOT NULL DEFAULT 5;
    ALTER TABLE endpoint ADD COLUMN charged INTEGER NOT NULL DEFAULT 6;
    ALTER TABLE endpoint ADD COLUMN charged_cost INTEGER NOT NULL DEFAULT 7;
    ALTER TABLE endpoint ADD COLUMN estimated_cost INTEGER NOT NULL DEFAULT 8;
    INSERT INTO attempts(kind, records) VALUES(0, x'0b00000000000000010000000100000000000000');
    PRAGMA user_version = 2;)");
  const auto expect_east = [](const store::EndpointLedger& east) {
    EXPECT_EQ(east.failed_usage, (provider::Usage{1, 2, 3, 4}));
    EXPECT_EQ(east.failed_cost, core::Money::picodollars(5));
    EXPECT_EQ(east.charged_cost, core::Money::picodollars(7));
    EXPECT_EQ(east.estimated_cost, core::Money::picodollars(8));
    EXPECT_EQ(east.maybe_billed_usage, provider::Usage());
  };
  expect_east(read_account(scratch_.job())->endpoints.at(0));
  EXPECT_EQ(version(), 2);

  auto c = open_checkpoint(options_for(scratch_), projection_);
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(version(), store::kFormatVersion);
  EXPECT_EQ(c->opened().maybe_billed, 1U) << "an intent without tokens";
  EXPECT_EQ(c->opened().maybe_billed_cost, core::Money::picodollars(1));
  EXPECT_EQ(c->opened().next_attempt, 12U);
  expect_east(c->account().endpoints.at(0));
  EXPECT_EQ(projection_.past().at(0).proof, store::Proof())
      << "a file is then held against the answers";
  EXPECT_TRUE(c->close().has_value());
}

TEST_F(MigrationTest, AFileOfFormat3IsReadAndMigratedToo) {
  // As this version makes it, less what is new since.
  std::filesystem::remove_all(scratch_.job());
  std::filesystem::remove(projection_.answers_path());
  std::filesystem::remove(scratch_.path() + "/rejects.jsonl");
  {
    FileProjection projection(scratch_.path());
    auto c = open_checkpoint(options_for(scratch_), projection);
    commit_now(*c, {answer("x")}, {settled(1, 0, 0.25)});
    ASSERT_TRUE(c->close().has_value());
  }
  execute(kBackTo4 + std::string("ALTER TABLE job DROP COLUMN folded; PRAGMA user_version = 3"));
  EXPECT_EQ(read_account(scratch_.job())->total().cost, dollars(0.25));
  EXPECT_EQ(version(), 3);

  auto c = open_checkpoint(options_for(scratch_), projection_);
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(version(), store::kFormatVersion);
  EXPECT_EQ(c->opened().done_rows, 1U);
  EXPECT_EQ(c->opened().spent, dollars(0.25));
  EXPECT_TRUE(c->close().has_value());
}

TEST_F(MigrationTest, AFileWithoutTheStateOfEndpointsIsReadAsItIsAndGetsItByTheFirstRun) {
  std::filesystem::remove_all(scratch_.job());
  std::filesystem::remove(projection_.answers_path());
  std::filesystem::remove(scratch_.path() + "/rejects.jsonl");
  {
    auto c = open_checkpoint(options_for(scratch_), projection_);
    commit_now(*c, {answer("x")}, {settled(1, 0, 0.25)});
    ASSERT_TRUE(c->close().has_value());
  }
  execute("DROP TABLE endpoint_state");
  const std::string before = read_file(scratch_.database());
  EXPECT_EQ(read_account(scratch_.job())->endpoints.at(0).form, "");
  EXPECT_EQ(read_file(scratch_.database()), before);

  const auto form_after = [&](std::optional<std::string> form) {
    auto c = open_checkpoint(options_for(scratch_), projection_);
    EXPECT_EQ(c->opened().spent, dollars(0.25));
    store::Settlement settlement = settled(c->opened().next_attempt, 0, 0);
    settlement.form = std::move(form);
    commit_now(*c, {}, {settlement});
    EXPECT_TRUE(c->close().has_value());
    return read_account(scratch_.job())->endpoints.at(0).form;
  };
  EXPECT_EQ(form_after("asked in words"), "asked in words");
  EXPECT_EQ(form_after(std::nullopt), "asked in words") << "nothing was said";
  EXPECT_EQ(form_after(""), "");
}

TEST_F(MigrationTest, AFileOfFormat4KeepsWhatItsLogHasAndProvesNothing) {
  std::filesystem::remove_all(scratch_.job());
  std::filesystem::remove(projection_.answers_path());
  std::filesystem::remove(scratch_.path() + "/rejects.jsonl");
  {
    auto c = open_checkpoint(options_for(scratch_), projection_);
    commit_now(*c, {answer("x")}, {settled(1, 0, 0.25)});
    ASSERT_TRUE(c->close().has_value());
  }
  execute(kBackTo4);
  EXPECT_EQ(read_account(scratch_.job())->total().cost, dollars(0.25));
  EXPECT_EQ(version(), 4);

  auto c = open_checkpoint(options_for(scratch_), projection_);
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(version(), store::kFormatVersion);
  EXPECT_EQ(c->opened().done_rows, 1U);
  ASSERT_EQ(projection_.past().size(), 1U);
  EXPECT_EQ(projection_.past()[0],
            (store::Mark{{.answers = answer("x").line.size() + 1, .rejects = 0}, store::Proof()}));
  EXPECT_EQ(c->opened().spent, dollars(0.25));
  EXPECT_EQ(c->account().total().uncounted, 0U);
  EXPECT_TRUE(c->close().has_value());
}

TEST_F(MigrationTest, ARedoMigratesToo) {
  EXPECT_EQ(
      take_back(scratch_.job(), "classify", hash_of("f1"), [](std::string_view) { return true; }),
      1U);
  EXPECT_EQ(version(), store::kFormatVersion);
  auto c = open_checkpoint(options_for(scratch_), projection_);
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(projection_.rejects(), "");
  EXPECT_EQ(projection_.answers(), answer("a").line + "\n");
}

TEST_F(MigrationTest, ADamagedFileIsNotMigrated) {
  execute("DROP TABLE endpoint");
  const std::string before = read_file(scratch_.database());
  const auto refused = Checkpoint::open(options_for(scratch_), projection_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, core::ErrorCode::corrupt);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("endpoint"));
  EXPECT_EQ(read_file(scratch_.database()), before);
}

}  // namespace
}  // namespace sluice::checkpoint
