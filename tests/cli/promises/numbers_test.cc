// A number of the input stays as it was written, on every way from the input to the output, the
// rejects and an export.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

const std::string kNumbers =
    R"("big":18446744073709551616,"unsigned":9223372036854775809,"price":12.50,"whole":1.0,)"
    R"("exponent":1e3,"zero":-0,"long":0.1000000000000000055511,"nested":{"n":[1.10,2]})";

class Numbers : public testing::Test {
 protected:
  void run(const std::string& steps, const std::string& rest, int status = 0) {
    world_.write("job.lua", R"lua(
local s = require "sluice"
return s.pipeline {
  name = "job",
  s.read { "in.jsonl", key = "id" },
)lua" + steps + R"lua(
  s.pack { user = "{{big}}", answer = { colour = s.one_of { "red", "green", "blue" } } },
  s.dispatch { s.openai { model = "mock", base_url = s.param "base_url", price = { input = 1, output = 2 } } },
)lua" + rest + "}\n");
    world_.write("in.jsonl", "{\"id\":100000000000000000001," + kNumbers + "}\n");
    world_.start_mock();
    const auto ended = world_.sluice(world_.run_job());
    EXPECT_EQ(ended.status, status) << ended.errors;
    const auto audit =
        world_.sluice({"audit", "job.lua", "--set", "base_url=" + world_.base_url()});
    EXPECT_EQ(audit.status, 0) << audit.output << audit.errors;
  }
  std::string exported(const std::string& to, std::vector<std::string> more) {
    std::vector<std::string> arguments = {
        "export", "job.lua", "--set", "base_url=" + world_.base_url(), "--to", to};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto ended = world_.sluice(arguments);
    EXPECT_EQ(ended.status, 0) << ended.errors;
    return world_.read(to);
  }
  World world_;
};

TEST_F(Numbers, AreKeptInTheOutputAndInExports) {
  run("", R"(s.sink { "out.jsonl", keep = "row" },)");
  const std::string line = world_.read("out.jsonl");
  EXPECT_THAT(line, HasSubstr("{\"id\":100000000000000000001," + kNumbers + ",\"colour\""));
  EXPECT_EQ(exported("copy.jsonl", {}), line);
  EXPECT_THAT(exported("some.jsonl", {"--columns", "big,nested,price"}),
              HasSubstr(R"({"big":18446744073709551616,"nested":{"n":[1.10,2]},"price":12.50})"));
  EXPECT_THAT(exported("some.csv", {"--columns", "id,big,unsigned,price,whole,exponent,zero,long"}),
              HasSubstr("100000000000000000001,18446744073709551616,9223372036854775809,12.50,1.0,"
                        "1e3,-0,0.1000000000000000055511"));
}

TEST_F(Numbers, OfTheKeyAreKeptToo) {
  run("", R"(s.sink { "out.jsonl" },)");
  EXPECT_THAT(world_.read("out.jsonl"), testing::StartsWith("{\"id\":100000000000000000001,"));
  EXPECT_THAT(exported("all.jsonl", {"--columns", "all"}), HasSubstr(kNumbers + ",\"colour\""));
}

TEST_F(Numbers, ThatAScriptDoesNotChangeAreKept) {
  run(R"lua(
  s.keep(function(row) return row.price > 12 and row.big > 1 end),
  s.map(function(row)
    row.copy, row.same = row.big, row.price
    row.text = "no. " .. row.unsigned
    row.half = row.price / 2
    row.sum = row.whole + 1
    return row
  end),
)lua",
      R"(s.sink { "out.jsonl", keep = "row" },)");
  const std::string line = world_.read("out.jsonl");
  for (const char* member :
       {R"("big":18446744073709551616)", R"("copy":18446744073709551616)",
        R"("unsigned":9223372036854775809)", R"("text":"no. 9223372036854775809")",
        R"("price":12.50)", R"("same":12.50)", R"("half":6.25)", R"("whole":1.0)", R"("sum":2)",
        R"("exponent":1e3)", R"("zero":-0)", R"("long":0.1000000000000000055511)",
        R"("nested":{"n":[1.10,2]})", R"("id":100000000000000000001)"})
    EXPECT_THAT(line, HasSubstr(member));
}

TEST_F(Numbers, OfExplodedRowsAreKept) {
  run("s.explode(function(row) return { { id = 1, big = row.big, price = row.price }, "
      "{ id = 2, big = row.id, price = row.price * 2 } } end),",
      R"(s.sink { "out.jsonl", keep = "row" },)");
  const std::string text = world_.read("out.jsonl");
  EXPECT_THAT(text, HasSubstr(R"({"big":18446744073709551616,"id":1,"price":12.50,)"));
  EXPECT_THAT(text, HasSubstr(R"({"big":100000000000000000001,"id":2,"price":25,)"));
}

TEST_F(Numbers, OfRejectedRowsAreKept) {
  run("s.validate { big = s.int { max = 5 } },", R"(s.sink { "out.jsonl" },)", 1);
  const std::string reject = world_.read("out.rejects.jsonl");
  EXPECT_THAT(reject, HasSubstr(R"("key":100000000000000000001,)"));
  EXPECT_THAT(reject, HasSubstr(kNumbers));
  EXPECT_THAT(reject, HasSubstr("invalid_field"));
}

}  // namespace
}  // namespace sluice::cli
