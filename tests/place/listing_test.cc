#include "place/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/place/support.h"

namespace sluice::place {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Listing : public testing::Test {
 protected:
  Listing() {
    for (const char* path :
         {"rows/in/a.jsonl", "rows/in/b+ c.jsonl", "rows/in/c.csv", "rows/in/ä&.jsonl",
          "rows/in/sub/d.jsonl", "rows/in/.hidden.jsonl", "rows/other.jsonl"})
      server_.put(path, "12345");
    server_.put("rows/in/sub/", "");
    server_.put("rows/in/sub/_SUCCESS", "");
  }
  std::vector<std::string> expand(const std::string& pattern) {
    auto names = places_.expand(pattern);
    EXPECT_TRUE(names) << names.error().text();
    return names.value_or(std::vector<std::string>());
  }
  ObjectServer server_;
  Places places_{settings_for(server_), no_environment};
};

TEST_F(Listing, APatternFitsAsItDoesFiles) {
  EXPECT_THAT(
      expand("s3://rows/in/*.jsonl"),
      ElementsAre("s3://rows/in/a.jsonl", "s3://rows/in/b+ c.jsonl", "s3://rows/in/ä&.jsonl"));
  EXPECT_THAT(expand("s3://rows/in/[ac].*"),
              ElementsAre("s3://rows/in/a.jsonl", "s3://rows/in/c.csv"));
  EXPECT_THAT(expand("s3://rows/*/?.csv"), ElementsAre("s3://rows/in/c.csv"));
  EXPECT_THAT(expand("s3://rows/i*/sub/*.jsonl"), ElementsAre("s3://rows/in/sub/d.jsonl"));
  EXPECT_THAT(expand("s3://rows/in/**d.jsonl"), ElementsAre("s3://rows/in/sub/d.jsonl"));
}

TEST_F(Listing, APrefixIsAllBelowItThatHasBytes) {
  EXPECT_THAT(expand("s3://rows/in/sub/"), ElementsAre("s3://rows/in/sub/d.jsonl"));
  EXPECT_EQ(expand("s3://rows").size(), 7U);
  EXPECT_EQ(places_.total_bytes({"s3://rows"}), 35U);
}

TEST_F(Listing, ANameThatIsNoPatternIsNotLookedFor) {
  EXPECT_THAT(expand("s3://rows/in/nope.jsonl"), ElementsAre("s3://rows/in/nope.jsonl"));
  EXPECT_THAT(expand("s3://rows/in/a\\[1\\].jsonl"), ElementsAre("s3://rows/in/a[1].jsonl"));
  EXPECT_THAT(server_.log(), testing::IsEmpty());
  EXPECT_EQ(places_.total_bytes({"s3://rows/in/a.jsonl", "s3://rows/other.jsonl"}), 10U);
  EXPECT_EQ(places_.total_bytes({"s3://rows/in/nope.jsonl"}), std::nullopt);
}

TEST_F(Listing, WhatAPatternTakesInIsKnownWithoutAskingAnybody) {
  const auto takes = [](const char* input, const char* name) {
    return takes_in(*parse_uri(input), *parse_uri(name));
  };
  EXPECT_TRUE(takes("s3://rows/in/*.jsonl", "s3://rows/in/new.jsonl"));
  EXPECT_TRUE(takes("s3://rows/in/", "s3://rows/in/sub/new.csv"));
  EXPECT_TRUE(takes("s3://rows", "s3://rows/x"));
  EXPECT_TRUE(takes("s3://rows/a\\*", "s3://rows/a*"));
  EXPECT_FALSE(takes("s3://rows/in/*.jsonl", "s3://rows/in/sub/new.jsonl"));
  EXPECT_FALSE(takes("s3://rows/in/", "s3://rows/out/x"));
  EXPECT_FALSE(takes("s3://rows/x", "gs://rows/x"));
  EXPECT_FALSE(takes("s3://rows/x", "s3://other/x"));
}

TEST_F(Listing, APatternThatFitsNothingIsAnError) {
  const auto names = places_.expand("s3://rows/none/*.jsonl");
  ASSERT_FALSE(names);
  EXPECT_EQ(names.error().where, "s3://rows/none/*.jsonl");
  EXPECT_THAT(names.error().message, HasSubstr("no object fits"));
}

TEST_F(Listing, ABucketThatIsNotThereIsNamedWithItsServer) {
  const auto names = places_.expand("s3://missing/*");
  ASSERT_FALSE(names);
  EXPECT_THAT(names.error().message, HasSubstr("no bucket 'missing' at " + server_.url()));
}

TEST_F(Listing, APageThatFailsIsAskedForAgain) {
  server_.set_faults(
      [](const http::ServerRequest&, int number) -> std::optional<ObjectServer::Fault> {
        if (number % 2 == 0) return ObjectServer::Fault{.status = 503, .code = "SlowDown"};
        return std::nullopt;
      });
  EXPECT_EQ(expand("s3://rows/").size(), 7U);
}

TEST_F(Listing, ALookAsksForOnePage) {
  const auto names = places_.hasty()->expand("s3://rows/");
  ASSERT_TRUE(names);
  EXPECT_EQ(names->size(), 2U);
  EXPECT_EQ(server_.log().size(), 1U);
}

}  // namespace
}  // namespace sluice::place
