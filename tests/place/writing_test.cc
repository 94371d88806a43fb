// An object is there whole or not at all, whatever its server does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "place/places.h"
#include "tests/place/support.h"

namespace sluice::place {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Fault = ObjectServer::Fault;

class Writing : public testing::Test {
 protected:
  core::Status write(const std::string& bytes,
                     const std::string& name = "s3://rows/out/a b.jsonl") {
    auto file = places_.create(name);
    if (!file) return std::unexpected(file.error());
    for (std::size_t at = 0; at < bytes.size(); at += 333)
      if (auto put = (*file)->write(std::string_view(bytes).substr(at, 333)); !put) return put;
    return (*file)->finish();
  }
  std::string error_of(const core::Status& status) {
    EXPECT_FALSE(status);
    return status ? std::string() : status.error().text();
  }
  const std::string text_ = text_of_size(4500);
  ObjectServer server_;
  Places places_{settings_for(server_), no_environment};
};

TEST_F(Writing, ASmallObjectIsOneRequest) {
  ASSERT_TRUE(write("abc"));
  EXPECT_EQ(server_.get("rows/out/a b.jsonl"), "abc");
  EXPECT_EQ(server_.log().size(), 1U);
  ASSERT_TRUE(write(""));
  EXPECT_EQ(server_.get("rows/out/a b.jsonl"), "");
}

TEST_F(Writing, ALargeOneIsNotSeenBeforeItsLastRequest) {
  auto file = places_.create("s3://rows/big");
  ASSERT_TRUE((*file)->write(text_));
  EXPECT_THAT(server_.paths(), IsEmpty());
  ASSERT_TRUE((*file)->finish());
  EXPECT_EQ(server_.get("rows/big"), text_);
  EXPECT_EQ(server_.uploads_under_way(), 0U);
  EXPECT_THAT(server_.log().back(), HasSubstr("POST /rows/big?uploadId="));
}

TEST_F(Writing, SizesAroundThePartAreWhole) {
  for (const std::size_t size : {999U, 1000U, 1001U, 2000U, 3000U}) {
    ASSERT_TRUE(write(text_.substr(0, size))) << size;
    EXPECT_EQ(server_.get("rows/out/a b.jsonl"), text_.substr(0, size)) << size;
  }
}

TEST_F(Writing, WhatIsNotFinishedIsTakenBack) {
  server_.put("rows/old", "old");
  {
    auto file = places_.create("s3://rows/old");
    ASSERT_TRUE((*file)->write(text_));
  }
  EXPECT_EQ(server_.get("rows/old"), "old");
  EXPECT_EQ(server_.uploads_under_way(), 0U);
}

TEST_F(Writing, FaultsOnTheWayAreTriedAgain) {
  std::map<std::string, int> times;  // parts are sent two at a time
  server_.set_faults([&](const http::ServerRequest& request, int) -> std::optional<Fault> {
    switch (times[request.method + request.target]++) {
      case 0:
        return Fault{.status = 503, .code = "SlowDown"};
      case 1:
        return Fault{.reset = true};
      default:
        return std::nullopt;
    }
  });
  const auto written = write(text_);
  ASSERT_TRUE(written) << written.error().text();
  EXPECT_EQ(server_.get("rows/out/a b.jsonl"), text_);
}

TEST_F(Writing, AnAnswerThatIsLostAfterTheLastRequestIsNoFailure) {
  bool lost = false;
  server_.set_faults([&](const http::ServerRequest& request, int) -> std::optional<Fault> {
    if (request.method == "POST" && request.target.contains("uploadId") &&
        !std::exchange(lost, true))
      return Fault{.then_lost = true};
    return std::nullopt;
  });
  const auto written = write(text_);
  ASSERT_TRUE(written) << written.error().text();
  EXPECT_TRUE(lost);
  EXPECT_EQ(server_.get("rows/out/a b.jsonl"), text_);
}

TEST_F(Writing, AnErrorThatComesWithStatus200IsOne) {
  server_.set_faults([](const http::ServerRequest& request, int) -> std::optional<Fault> {
    if (request.method == "POST" && request.target.contains("uploadId"))
      return Fault{.status = 200, .code = "InternalError"};
    return std::nullopt;
  });
  EXPECT_THAT(error_of(write(text_)), HasSubstr("500 InternalError"));
  EXPECT_THAT(server_.paths(), IsEmpty());
  EXPECT_EQ(server_.uploads_under_way(), 0U);
}

TEST_F(Writing, APartThatIsRefusedFailsTheWholeAndLeavesNothing) {
  server_.set_faults([](const http::ServerRequest& request, int) -> std::optional<Fault> {
    if (request.target.contains("partNumber=2"))
      return Fault{.status = 403, .code = "AccessDenied"};
    return std::nullopt;
  });
  EXPECT_THAT(error_of(write(text_)), HasSubstr("s3:PutObject"));
  EXPECT_THAT(server_.paths(), IsEmpty());
  EXPECT_EQ(server_.uploads_under_way(), 0U);
}

TEST_F(Writing, WhatAKilledProcessLeftIsTakenBackByItsName) {
  // A server that does not let the parts be taken back leaves them as a kill would.
  server_.set_faults([](const http::ServerRequest& request, int) -> std::optional<Fault> {
    if (request.method == "DELETE") return Fault{.status = 403, .code = "AccessDenied"};
    return std::nullopt;
  });
  std::vector<std::string> begun;
  std::size_t parts_before = 1;
  {
    auto file = places_.create("s3://rows/out/a b.jsonl", [&](const std::string& upload) {
      begun.push_back(upload);
      parts_before = server_.log().size() - 1;
      return core::Status();
    });
    ASSERT_TRUE((*file)->write(text_));
  }
  ASSERT_EQ(begun.size(), 1U);
  EXPECT_EQ(parts_before, 0U) << "it is told before a part is sent";
  ASSERT_EQ(server_.uploads_under_way(), 1U);
  EXPECT_THAT(error_of(places_.take_back("s3://rows/out/a b.jsonl", begun[0])),
              HasSubstr("s3:PutObject"));

  server_.set_faults({});
  EXPECT_TRUE(places_.take_back("s3://rows/out/a b.jsonl", begun[0]));
  EXPECT_EQ(server_.uploads_under_way(), 0U);
  EXPECT_TRUE(places_.take_back("s3://rows/out/a b.jsonl", begun[0])) << "it is gone already";
}

TEST_F(Writing, AnUploadThatCannotBeNotedIsNotMade) {
  {
    auto file = places_.create("s3://rows/big", [](const std::string&) -> core::Status {
      return core::fail(core::ErrorCode::io, "no room");
    });
    EXPECT_THAT(error_of((*file)->write(text_)), HasSubstr("no room"));
  }
  EXPECT_EQ(server_.uploads_under_way(), 0U);
}

TEST_F(Writing, TheEndingSaysThatItIsCompressed) {
  ASSERT_TRUE(write(text_, "s3://rows/a.jsonl.gz"));
  EXPECT_TRUE(server_.get("rows/a.jsonl.gz")->starts_with("\x1f\x8b"));
  EXPECT_EQ(read_all(places_, "s3://rows/a.jsonl.gz"), text_);
  ASSERT_TRUE(write(text_, "s3://rows/a.jsonl.zst"));
  EXPECT_EQ(read_all(places_, "s3://rows/a.jsonl.zst"), text_);
}

TEST_F(Writing, WhetherOneMayWriteIsKnownBeforeAndSeenByNobody) {
  EXPECT_TRUE(places_.may_create("s3://rows/out.jsonl"));
  EXPECT_TRUE(places_.may_create("out.jsonl"));
  EXPECT_THAT(server_.paths(), IsEmpty());
  EXPECT_EQ(server_.uploads_under_way(), 0U);
  EXPECT_THAT(error_of(places_.may_create("s3://missing/out.jsonl")),
              HasSubstr("no bucket 'missing'"));
  EXPECT_THAT(error_of(places_.may_create("https://host/out.jsonl")), HasSubstr("read only"));
  EXPECT_THAT(error_of(places_.may_create("s3://rows/out/")), HasSubstr("names no object"));
}

}  // namespace
}  // namespace sluice::place
