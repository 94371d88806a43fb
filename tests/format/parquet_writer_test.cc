// Records as a Parquet file, read back by the reader of parquet_test.cc and by DuckDB itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "format/duckdb.h"
#include "format/formats.h"
#include "format/record_writer.h"
#include "tests/duckdb.h"
#include "tests/scratch.h"

namespace sluice::format {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;

class ParquetWriting : public testing::Test {
 protected:
  void SetUp() override{SLUICE_NEEDS_DUCKDB()}

  // The error's text; empty: it was written.
  std::string write(const std::string& path, const std::vector<Column>& columns,
                    const std::vector<std::string>& records) {
    const auto status = [&]() -> core::Status {
      auto file = storage::AtomicFile::create(path);
      if (!file) return std::unexpected(file.error());
      const auto writer = output_format_of(path)->make(**file, columns);
      if (auto begun = writer->begin(); !begun) return begun;
      for (const std::string& record : records)
        if (auto written = writer->write(record); !written) return written;
      if (auto done = writer->finish(); !done) return done;
      return (*file)->finish();
    }();
    return status ? "" : status.error().text();
  }

  static std::vector<std::string> rows(const std::string& path, std::vector<std::string>* columns) {
    std::vector<std::string> all;
    auto source = format_named("parquet")->open({}, path, {});
    if (!source) {
      ADD_FAILURE() << source.error().text();
      return all;
    }
    for (auto state = RecordSource::State::more; state == RecordSource::State::more;) {
      const auto read = (*source)->read([&](const Record& record) {
        all.emplace_back(record.text);
        return true;
      });
      state = read.value_or(RecordSource::State::end);
    }
    *columns = (*source)->description().columns;
    return all;
  }

  // Writes with the columns that are found, and reads.
  struct Back {
    std::vector<std::string> rows;
    std::vector<std::string> columns;
  };
  Back there_and_back(const std::vector<std::string>& records) {
    ColumnFinder finder;
    for (const std::string& record : records) finder.add(record);
    EXPECT_EQ(write(scratch_.path("out.parquet"), finder.columns(), records), "");
    Back back;
    back.rows = rows(scratch_.path("out.parquet"), &back.columns);
    return back;
  }

  Scratch scratch_;
};

TEST_F(ParquetWriting, GivesEachColumnItsTypeAndEachValueBack) {
  const std::vector<std::string> records = {
      R"({"id":9007199254740993,"text":"a\"b\né","score":0.1,"ok":true,"empty":null})",
      R"({"id":-1,"text":"","score":null,"ok":false,"empty":null})",
      R"({"id":0,"text":null,"score":1e+300,"ok":null,"empty":null})"};
  const Back back = there_and_back(records);
  EXPECT_THAT(back.rows, ElementsAreArray(records));
  EXPECT_THAT(back.columns, ElementsAre("id BIGINT", "text VARCHAR", "score DOUBLE", "ok BOOLEAN",
                                        "empty VARCHAR"));
}

TEST_F(ParquetWriting, MakesListsOfScalarsListsAndOthersJson) {
  const std::vector<std::string> records = {
      R"({"v":[0.5,1.0],"t":["a",null],"n":[1,-2],"o":{"x":1.10},"m":[1,"a"],"e":[],"l":[[1]]})",
      R"({"v":[],"t":[],"n":null,"o":[1,{"y":null}],"m":[],"e":[],"l":[]})",
      R"({"v":[2.0],"t":["b"],"n":[3],"o":{},"m":[true],"e":[],"l":[[2],[3]]})"};
  const Back back = there_and_back(records);
  EXPECT_THAT(back.rows, ElementsAreArray(records));
  EXPECT_THAT(back.columns, ElementsAre("v DOUBLE[]", "t VARCHAR[]", "n BIGINT[]", "o JSON",
                                        "m JSON", "e VARCHAR[]", "l JSON"));
}

TEST_F(ParquetWriting, TakesMixedValuesAsJsonAndMissingOnesAsNull) {
  const Back back = there_and_back({R"({"a":1,"b":1})", R"({"a":"x","c":1.5})", R"({"b":2.5})"});
  EXPECT_THAT(back.rows, ElementsAre(R"({"a":1,"b":1.0,"c":null})", R"({"a":"x","b":null,"c":1.5})",
                                     R"({"a":null,"b":2.5,"c":null})"));
  EXPECT_THAT(back.columns, ElementsAre("a JSON", "b DOUBLE", "c DOUBLE"));
}

TEST_F(ParquetWriting, KeepsTheDigitsOfIntegersThatNoColumnHasRoomFor) {
  const std::vector<std::string> records = {R"({"a":18446744073709551615})", R"({"a":1})"};
  const Back back = there_and_back(records);
  EXPECT_THAT(back.rows, ElementsAreArray(records));
  EXPECT_THAT(back.columns, ElementsAre("a JSON"));
}

TEST_F(ParquetWriting, KeepsTheOrderOfManyRowsInSeveralRowGroups) {
  std::vector<std::string> records;
  for (int i = 0; i < 50000; ++i)
    records.push_back("{\"id\":" + std::to_string(i) + ",\"text\":\"" + std::string(2000, 'x') +
                      std::to_string(i) + "\",\"v\":[" + std::to_string(i) + ".5,2.0]}");
  const Back back = there_and_back(records);
  EXPECT_THAT(back.rows == records, true);
  auto connection = duckdb::Connection::open();
  ASSERT_TRUE(connection.has_value());
  EXPECT_EQ((*connection)
                ->number("SELECT num_row_groups FROM parquet_file_metadata('" +
                         scratch_.path("out.parquet") + "')")
                .value_or(0),
            2);
}

TEST_F(ParquetWriting, OfNoRecordsIsAFileWithColumns) {
  std::vector<std::string> columns;
  ASSERT_EQ(write(scratch_.path("out.parquet"), {{"id", ColumnType::integer}, {"t"}}, {}), "");
  EXPECT_THAT(rows(scratch_.path("out.parquet"), &columns), IsEmpty());
  EXPECT_THAT(columns, ElementsAre("id BIGINT", "t VARCHAR"));
}

TEST_F(ParquetWriting, NamesTheRowWhoseValueDoesNotFitAndLeavesNothing) {
  std::vector<std::string> records(5000, R"({"a":1})");
  records[4000] = R"({"a":"one"})";
  EXPECT_EQ(write(scratch_.path("out.parquet"), {{"a", ColumnType::integer}}, records),
            "row 4001: 'a' is \"one\", and its column in Parquet is to be an integer of 64 bits");
  EXPECT_FALSE(std::filesystem::exists(scratch_.path("out.parquet")));
  EXPECT_TRUE(std::filesystem::is_empty(scratch_.path()));
}

TEST_F(ParquetWriting, RefusesNamesThatReadersDoNotTellApart) {
  EXPECT_THAT(write(scratch_.path("out.parquet"), {{"id"}, {"ID"}}, {}),
              HasSubstr("two columns have the name 'id', but for upper and lower case"));
  EXPECT_THAT(write(scratch_.path("out.parquet"), {}, {}), HasSubstr("at least one column"));
  EXPECT_THAT(write(scratch_.path("out.parquet"), {{""}}, {}), HasSubstr("an empty name"));
  const Back back = there_and_back({R"({"a \"b":1,"é'":3})"});
  EXPECT_THAT(back.rows, ElementsAre(R"({"a \"b":1,"é'":3})"));
}

TEST_F(ParquetWriting, ThatIsGivenUpLeavesNothing) {
  {
    auto file = storage::AtomicFile::create(scratch_.path("out.parquet"));
    ASSERT_TRUE(file.has_value());
    const auto writer = output_format_of("x.parquet")->make(**file, {{"a"}});
    ASSERT_TRUE(writer->begin().has_value());
    for (int i = 0; i < 10000; ++i) ASSERT_TRUE(writer->write(R"({"a":"x"})").has_value());
  }
  EXPECT_TRUE(std::filesystem::is_empty(scratch_.path()));
}

TEST(ParquetName, HasNoEndingOfCompressionBehindIt) {
  EXPECT_EQ(output_format_of("a.parquet")->name, "parquet");
  EXPECT_EQ(output_format_of("a.parquet.gz"), nullptr);
  EXPECT_EQ(output_format_of("a.csv.gz")->name, "csv");
}

TEST(Columns, OfListsHaveTheTypeOfTheirElements) {
  ColumnFinder finder;
  finder.add(R"({"a":[1],"b":[1,"x"],"c":[[1]],"d":[],"e":[1],"f":"x","g":[null]})");
  finder.add(R"({"a":[1.5],"b":[],"c":[],"d":[],"e":1,"f":[],"g":null})");
  using enum ColumnType;
  EXPECT_THAT(finder.columns(),
              ElementsAre(Column{"a", json, number}, Column{"b", json}, Column{"c", json},
                          Column{"d", json, text}, Column{"e", json}, Column{"f", json},
                          Column{"g", json, text}));
}

TEST(Columns, ThatAreDeclaredAsJsonHaveTheElementsOfTheirLists) {
  using enum ColumnType;
  ColumnFinder finder({{"v", json}, {"o", json}, {"t", text}, {"none", json}});
  finder.add(R"({"v":[1,2.5],"o":{},"t":[1],"none":null})");
  finder.add(R"({"v":null,"o":[1]})");
  EXPECT_THAT(finder.columns(), ElementsAre(Column{"v", json, number}, Column{"o", json},
                                            Column{"t", text}, Column{"none", json}));
}

}  // namespace
}  // namespace sluice::format
