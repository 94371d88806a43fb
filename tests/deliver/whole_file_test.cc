#include "deliver/whole_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/place/support.h"
#include "tests/scratch.h"

namespace sluice::deliver {
namespace {

using format::ColumnType;
using testing::HasSubstr;

constexpr std::string_view kLines =
    "{\"id\":1,\"queue\":\"a\",\"n\":1.10}\n{\"id\":2,\"queue\":\"b,c\",\"n\":null}\n";

class WholeFileTest : public testing::Test {
 protected:
  WholeFile file(const std::string& name, std::vector<std::string> columns = {}) const {
    return {.path = scratch_.path(name),
            .places = std::make_shared<place::Places>(place::Settings{}),
            .to = name,
            .columns = std::move(columns),
            .answer = {}};
  }
  core::Result<Written> write(const WholeFile& to, std::string_view lines = kLines) {
    auto record = Record::load(scratch_.path());
    if (!record) return std::unexpected(record.error());
    return write_whole(to, scratch_.write("lines", std::string(lines)), *record);
  }
  std::string read(const std::string& name) const { return Scratch::read(scratch_.path(name)); }
  const Scratch scratch_;
};

TEST_F(WholeFileTest, HasTheLinesInItsOwnFormat) {
  ASSERT_TRUE(write(file("a.csv")).has_value());
  EXPECT_EQ(read("a.csv"), "id,queue,n\r\n1,a,1.10\r\n2,\"b,c\",\r\n");
  ASSERT_TRUE(write(file("a.json", {"n", "id"})).has_value());
  EXPECT_EQ(read("a.json"), "[\n{\"n\":1.10,\"id\":1},\n{\"n\":null,\"id\":2}\n]\n");
  ASSERT_TRUE(write(file("a.tsv", {"queue"})).has_value());
  EXPECT_EQ(read("a.tsv"), "queue\r\na\r\nb,c\r\n");
  ASSERT_TRUE(write(file("none.json"), "").has_value());
  EXPECT_EQ(read("none.json"), "[]\n");
}

TEST_F(WholeFileTest, IsWrittenWhereSomethingIsNew) {
  EXPECT_TRUE(write(file("a.csv"))->changed);
  EXPECT_FALSE(write(file("a.csv"))->changed);
  EXPECT_TRUE(write(file("a.csv", {"id"}))->changed) << "other columns";
  EXPECT_TRUE(write(file("a.csv", {"id"}), "{\"id\":3}\n")->changed);
  EXPECT_EQ(read("a.csv"), "id\r\n3\r\n");
  std::filesystem::remove(scratch_.path("a.csv"));
  EXPECT_TRUE(write(file("a.csv", {"id"}), "{\"id\":3}\n")->changed) << "it was removed";
}

TEST_F(WholeFileTest, WritesOverNothingThatIsNotItsOwn) {
  scratch_.write("a.csv", "mine\n");
  const auto foreign = write(file("a.csv"));
  ASSERT_FALSE(foreign.has_value());
  EXPECT_THAT(foreign.error().text(), HasSubstr("is there already, and this job did not write it"));
  EXPECT_EQ(read("a.csv"), "mine\n");

  ASSERT_TRUE(write(file("b.csv")).has_value());
  scratch_.write("b.csv", "id,queue,n\r\n1,corrected,1\r\n");
  const auto changed = write(file("b.csv"), "{\"id\":3}\n");
  ASSERT_FALSE(changed.has_value());
  EXPECT_THAT(changed.error().text(), HasSubstr("was changed since this job wrote it"));
  EXPECT_THAT(read("b.csv"), HasSubstr("corrected"));
}

TEST_F(WholeFileTest, TakesBackThePartsThatAKilledRunLeft) {
  place::ObjectServer server;
  WholeFile to = file("s3://rows/a.jsonl");
  to.path = to.to;
  to.places = std::make_shared<place::Places>(place::settings_for(server), place::no_environment);
  std::string lines;  // of several parts
  for (int i = 0; i < 200; ++i) lines += "{\"id\":" + std::to_string(i) + ",\"queue\":\"a\"}\n";

  // The parts can neither be put together nor taken back: as if the run were killed.
  server.set_faults(
      [](const http::ServerRequest& request, int) -> std::optional<place::ObjectServer::Fault> {
        const bool last = request.method == "POST" && request.target.contains("uploadId");
        if (last || request.method == "DELETE")
          return place::ObjectServer::Fault{.status = 403, .code = "AccessDenied"};
        return std::nullopt;
      });
  EXPECT_FALSE(write(to, lines).has_value());
  EXPECT_FALSE(write(to, lines).has_value());
  EXPECT_EQ(server.uploads_under_way(), 2U);
  EXPECT_EQ(Record::load(scratch_.path())->uploads().size(), 2U);

  server.set_faults({});
  ASSERT_TRUE(write(to, lines).has_value());
  EXPECT_EQ(server.uploads_under_way(), 0U);
  EXPECT_EQ(server.get("rows/a.jsonl"), lines);
  EXPECT_TRUE(Record::load(scratch_.path())->uploads().empty());
}

TEST_F(WholeFileTest, ThatWasBeingPutInPlaceIsWrittenAgain) {
  ASSERT_TRUE(write(file("a.csv")).has_value());
  auto record = Record::load(scratch_.path());
  ASSERT_TRUE(record.has_value());
  Entry entry = *record->find("a.csv");
  entry.tag.clear();  // a crash between the two
  ASSERT_TRUE(record->put(entry).has_value());
  EXPECT_TRUE(write(file("a.csv"))->changed);
  EXPECT_FALSE(write(file("a.csv"))->changed);
}

TEST_F(WholeFileTest, RecordThatIsNoneIsNotWrittenOver) {
  scratch_.write("delivered.json", "{\"version\":1");
  const auto record = Record::load(scratch_.path());
  ASSERT_FALSE(record.has_value());
  EXPECT_THAT(record.error().text(), HasSubstr("is not what this version of sluice wrote"));
}

TEST(Columns, HaveTheNarrowestTypeThatHoldsAll) {
  format::ColumnFinder finder({{"known", ColumnType::boolean}});
  EXPECT_TRUE(finder.add(R"({"a":1,"b":1,"c":"x","d":true,"e":[1],"f":null,"g":1})"));
  EXPECT_TRUE(finder.add(R"({"a":2,"b":1.5,"c":null,"d":false,"e":null,"g":"x","h":null})"));
  EXPECT_FALSE(finder.add("[1]"));
  const std::vector<format::Column> expected = {{"a", ColumnType::integer},
                                                {"b", ColumnType::number},
                                                {"c", ColumnType::text},
                                                {"d", ColumnType::boolean},
                                                {"e", ColumnType::json, ColumnType::integer},
                                                {"f", ColumnType::text},
                                                {"g", ColumnType::json},
                                                {"h", ColumnType::text},
                                                {"known", ColumnType::boolean}};
  EXPECT_EQ(finder.columns(), expected);
}

}  // namespace
}  // namespace sluice::deliver
