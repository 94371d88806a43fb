// Parquet files that DuckDB itself writes, read as rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "format/duckdb.h"
#include "format/formats.h"
#include "tests/duckdb.h"
#include "tests/scratch.h"

namespace sluice::format {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

class Parquet : public testing::Test {
 protected:
  void SetUp() override{SLUICE_NEEDS_DUCKDB()}

  std::string
      write(const std::string& name, const std::string& select, const std::string& options = "") {
    auto connection = duckdb::Connection::open();
    if (!connection) {
      ADD_FAILURE() << connection.error().text();
      return {};
    }
    const auto done = (*connection)
                          ->run("COPY (" + select + ") TO '" + scratch_.path(name) +
                                "' (FORMAT parquet" + options + ")");
    if (!done) ADD_FAILURE() << done.error().text();
    return scratch_.path(name);
  }

  struct All {
    std::vector<std::string> rows;
    std::vector<std::uint64_t> numbers;
    std::string error;
    RecordReader::Description description;
    double passed = 0;
  };
  static All read(const std::string& path, const std::string& format = "",
                  std::span<const storage::FileId> written = {}) {
    All all;
    FormatOptions options;
    options.name = format;
    auto source = format_named("parquet")->open(options, path, written);
    if (!source) {
      all.error = source.error().text();
      return all;
    }
    while (true) {
      const auto state = (*source)->read([&](const Record& record) {
        all.rows.emplace_back(record.text);
        all.numbers.push_back(record.line);
        return true;
      });
      if (!state) all.error = state.error().text();
      if (!state || *state == RecordSource::State::end) break;
    }
    all.description = (*source)->description();
    all.passed = (*source)->passed();
    return all;
  }

  // Of a file of one row.
  std::string row(const std::string& select) {
    const All all = read(write("one.parquet", select));
    EXPECT_EQ(all.error, "");
    return all.rows.size() == 1 ? all.rows.front() : "";
  }

  Scratch scratch_;
};

TEST_F(Parquet, GivesRowsInOrderWithTheirNumbersWhateverTheRowGroups) {
  const std::string path =
      write("in.parquet", "SELECT i AS id, 'row ' || i AS text FROM range(10000) t(i)",
            ", ROW_GROUP_SIZE 4096");
  const All all = read(path);
  ASSERT_EQ(all.rows.size(), 10000u);
  EXPECT_EQ(all.error, "");
  for (std::size_t i = 0; i < all.rows.size(); ++i) {
    ASSERT_EQ(all.rows[i],
              "{\"id\":" + std::to_string(i) + ",\"text\":\"row " + std::to_string(i) + "\"}");
    ASSERT_EQ(all.numbers[i], i + 1);
  }
  EXPECT_EQ(all.description.format, "Parquet, 10000 rows in 3 row groups");
  EXPECT_THAT(all.description.columns, ElementsAre("id BIGINT", "text VARCHAR"));
  EXPECT_EQ(all.passed, static_cast<double>(std::filesystem::file_size(path)));
}

TEST_F(Parquet, KeepsTheDigitsOfNumbers) {
  EXPECT_EQ(row("SELECT 9007199254740993 AS a, 18446744073709551615::UBIGINT AS b, "
                "(-128)::TINYINT AS c, 1.10::DECIMAL(5, 2) AS d, "
                "12345678901234567890.123456789::DECIMAL(38, 9) AS e, -0.05::DECIMAL(3, 2) AS f"),
            R"({"a":9007199254740993,"b":18446744073709551615,"c":-128,"d":1.10,)"
            R"("e":12345678901234567890.123456789,"f":-0.05})");
  EXPECT_EQ(row("SELECT 0.1::FLOAT AS a, 0.1::DOUBLE AS b, 1::DOUBLE AS c, 1e300 AS d, "
                "-0.0::DOUBLE AS e, 1e-7::DOUBLE AS f"),
            R"({"a":0.1,"b":0.1,"c":1.0,"d":1e+300,"e":-0.0,"f":1e-07})");
}

TEST_F(Parquet, WritesNullForWhatJsonHasNoNumberFor) {
  EXPECT_EQ(row("SELECT 'nan'::DOUBLE AS a, '-inf'::FLOAT AS b, NULL::INTEGER AS c, "
                "['nan'::DOUBLE, 1] AS d"),
            R"({"a":null,"b":null,"c":null,"d":[null,1.0]})");
}

TEST_F(Parquet, WritesTimesByIso8601) {
  EXPECT_EQ(row("SELECT DATE '2024-01-02' AS a, TIMESTAMP '2024-01-02 03:04:05.5' AS b, "
                "TIMESTAMPTZ '2024-01-02 03:04:05+02' AS c, "
                "TIMESTAMP_NS '2024-01-02 03:04:05.123456789' AS d, TIME '01:02:03.5' AS e"),
            R"({"a":"2024-01-02","b":"2024-01-02T03:04:05.5","c":"2024-01-02T01:04:05Z",)"
            R"("d":"2024-01-02T03:04:05.123456789","e":"01:02:03.5"})");
}

TEST_F(Parquet, WritesBytesAsBase64AndTextAsItIs) {
  EXPECT_EQ(
      row(R"(SELECT '\x00\xFF'::BLOB AS a, ''::BLOB AS b, 'a"b' || chr(10) || 'é' AS c, )"
          R"('abc'::BLOB AS d, true AS e, '00000000-0000-0000-0000-00000000000a'::UUID AS f)"),
      R"({"a":"AP8=","b":"","c":"a\"b\né","d":"YWJj","e":true,)"
      R"("f":"00000000-0000-0000-0000-00000000000a"})");
}

TEST_F(Parquet, NestsListsRecordsAndMaps) {
  EXPECT_EQ(
      row("SELECT [1, NULL, 3] AS a, []::VARCHAR[] AS b, "
          "{'x': DATE '2024-01-02', 'y': [{'z': 1.50::DECIMAL(4, 2)}]} AS c, "
          "MAP {'k': 1, 'l': NULL} AS d, MAP {2: TIMESTAMP '2024-01-02 00:00:00'} AS e, "
          "[[1], NULL, []] AS f"),
      R"({"a":[1,null,3],"b":[],"c":{"x":"2024-01-02","y":[{"z":1.50}]},"d":{"k":1,"l":null},)"
      R"("e":{"2":"2024-01-02T00:00:00"},"f":[[1],null,[]]})");
}

TEST_F(Parquet, DescribesTheTypesOfItsColumns) {
  EXPECT_THAT(read(write("types.parquet",
                         "SELECT 1.10::DECIMAL(5, 2) AS a, {'b': [TIMESTAMP '2024-01-01']} AS c, "
                         "MAP {'k': 1::UTINYINT} AS d, '{}'::JSON AS e"))
                  .description.columns,
              ElementsAre("a DECIMAL(5, 2)", R"(c STRUCT("b" TIMESTAMP[]))",
                          "d MAP(VARCHAR, UTINYINT)", "e JSON"));
}

TEST_F(Parquet, SaysWhatMemoryLargeRowsTake) {
  const std::string large =
      write("large.parquet", "SELECT repeat(md5(i::VARCHAR), 6250) AS text FROM range(1200) t(i)");
  const auto source = format_named("parquet")->open({}, large, {});
  ASSERT_TRUE(source.has_value());
  EXPECT_EQ((*source)->description().format,
            "Parquet, 1200 rows in 1 row group, 200 KB a row: to read it takes some 0.6 GB of "
            "memory, since 2,048 rows are read at a time");
  // Few of them take little.
  const std::string few =
      write("few.parquet", "SELECT repeat(md5(i::VARCHAR), 6250) AS text FROM range(100) t(i)");
  EXPECT_EQ(read(few).description.format, "Parquet, 100 rows in 1 row group");
}

TEST_F(Parquet, GivesJsonColumnsAsTheirValues) {
  EXPECT_EQ(row(R"(SELECT '{"n" : 1.10}'::JSON AS a)"), R"({"a":{"n":1.10}})");
}

TEST_F(Parquet, KeepsNamesAsTheyStand) {
  EXPECT_EQ(row("SELECT 1 AS id, {'a': 1, 'b': [2]} AS \"a \"\"b\", 3 AS x"),
            R"({"id":1,"a \"b":{"a":1,"b":[2]},"x":3})");
  // Written by pyarrow, since DuckDB knows no names that differ by case alone.
  EXPECT_THAT(read(std::string(SLUICE_SOURCE_DIR) + "/tests/format/two_cases.parquet").rows,
              ElementsAre(R"({"id":1,"ID":{"id":2},"x":3})"));
}

TEST_F(Parquet, OfNoRowsIsAnEmptyInput) {
  const All all = read(write("none.parquet", "SELECT 1 AS id WHERE false"));
  EXPECT_EQ(all.error, "");
  EXPECT_TRUE(all.rows.empty());
}

TEST_F(Parquet, ReadsTheFileOfThisNameAndNoPattern) {
  write("a1.parquet", "SELECT 1 AS id");
  EXPECT_THAT(read(write("a[1].parquet", "SELECT 2 AS id")).rows, ElementsAre(R"({"id":2})"));
}

TEST_F(Parquet, SaysWhatIsWrongWithAFileAndWhatToDo) {
  const std::string good = Scratch::read(
      write("good.parquet", "SELECT i AS id, md5(i::VARCHAR) AS text FROM range(20000) t(i)"));
  const auto error = [&](const std::string& bytes) {
    return read(scratch_.write("bad.parquet", bytes)).error;
  };
  EXPECT_THAT(error(good.substr(0, good.size() / 2)),
              HasSubstr("bad.parquet: is a Parquet file that is cut off"));
  EXPECT_THAT(error(""), HasSubstr("bad.parquet: is empty"));
  EXPECT_THAT(error("PAR1"), HasSubstr("cut off"));
  EXPECT_THAT(error("{\"a\":1}\n"),
              EndsWith("bad.parquet: is read as Parquet by its ending, but looks like JSON lines: "
                       "set format = \"jsonl\" in s.read, or name it .jsonl"));
  EXPECT_THAT(error("id,text\n"), HasSubstr("is read as Parquet by its ending, but is not"));
  EXPECT_THAT(error("\x1f\x8b\x08"), HasSubstr("is compressed as a whole"));
  EXPECT_THAT(error("PARE" + good), HasSubstr("encrypted"));
  std::string damaged = good;
  damaged.replace(good.size() / 3, 2000, std::string(2000, '\x5a'));
  EXPECT_THAT(error(damaged), HasSubstr("bad.parquet: cannot be read as Parquet"));
  EXPECT_THAT(read("-").error, HasSubstr("standard input: Parquet is read from its end"));
  EXPECT_THAT(read(scratch_.path("not-there.parquet")).error, HasSubstr("cannot open the input"));
  EXPECT_THAT(read(scratch_.path()).error, HasSubstr("this input is a folder"));
}

TEST_F(Parquet, RefusesAFileThatTheJobWrites) {
  const std::string path = write("out.parquet", "SELECT 1 AS id");
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  const storage::FileId written[] = {storage::id_of(info)};
  EXPECT_THAT(read(path, "", written).error, HasSubstr("a file that the job itself writes"));
}

TEST_F(Parquet, RefusesARowThatIsTooLongWithItsNumber) {
  EXPECT_THAT(read(write("long.parquet",
                         "SELECT CASE WHEN i = 3 THEN repeat('x', 16777216) ELSE '' END AS a FROM "
                         "range(5) t(i)"))
                  .error,
              HasSubstr("long.parquet:4: as JSON this row is longer than 16 MiB"));
}

TEST(ParquetLibrary, ThatIsNotThereIsSaidWithWhatToDo) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // another process: the library is loaded once
  EXPECT_EXIT(
      {
        ::setenv("SLUICE_DUCKDB", "/nowhere/libduckdb.so", 1);
        const auto api = duckdb::load();
        std::fprintf(stderr, "%s\n", api ? "loaded" : api.error().text().c_str());
        std::_Exit(0);
      },
      testing::ExitedWithCode(0),
      "Parquet is read and written by DuckDB's library, libduckdb.so 1.5, which is not here "
      "\\(/nowhere/libduckdb.so: cannot open.*put it beside the program or set SLUICE_DUCKDB");
}

}  // namespace
}  // namespace sluice::format
