// Reading an object while its server does what servers do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "place/places.h"
#include "tests/place/support.h"

namespace sluice::place {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Fault = ObjectServer::Fault;

class Reading : public testing::Test {
 protected:
  std::string read(const std::string& name = "s3://rows/a b+.jsonl") {
    auto bytes = read_all(places_, name);
    EXPECT_TRUE(bytes) << bytes.error().text();
    return bytes.value_or("");
  }
  std::string error_of(const std::string& name = "s3://rows/a b+.jsonl") {
    const auto bytes = read_all(places_, name);
    EXPECT_FALSE(bytes);
    return bytes ? std::string() : bytes.error().text();
  }
  const std::string text_ = text_of_size(2500);
  ObjectServer server_;
  Places places_{settings_for(server_), no_environment};
};

TEST_F(Reading, AnObjectComesInPartsOfItsRange) {
  server_.put("rows/a b+.jsonl", text_);
  EXPECT_EQ(read(), text_);
  EXPECT_THAT(server_.log(), ElementsAre("GET /rows/a%20b%2B.jsonl bytes=0-999 206",
                                         "GET /rows/a%20b%2B.jsonl bytes=1000-1999 206",
                                         "GET /rows/a%20b%2B.jsonl bytes=2000-2999 206"));
}

TEST_F(Reading, SizesAroundTheRangeAreWhole) {
  for (const std::size_t size : {0U, 1U, 999U, 1000U, 1001U, 2000U}) {
    server_.put("rows/a b+.jsonl", text_.substr(0, size));
    EXPECT_EQ(read(), text_.substr(0, size)) << size;
  }
}

TEST_F(Reading, CompressedObjectsAreInflatedWhateverTheirNames) {
  std::string packed(5000, '\0');
  z_stream stream{};
  ASSERT_EQ(::deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text_.data()));
  stream.avail_in = static_cast<uInt>(text_.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  ASSERT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  server_.put("rows/a b+.jsonl", packed);
  EXPECT_EQ(read(), text_);
  const auto copy = places_.local_copy("s3://rows/a b+.jsonl");
  ASSERT_TRUE(copy) << copy.error().text();
  std::atomic<std::uint64_t> consumed = 0;
  EXPECT_EQ(read_all(**storage::InputFile::open(copy->path(), consumed)), text_);
  EXPECT_EQ(consumed, packed.size());
}

TEST_F(Reading, AConnectionThatIsCutInAPartIsTakenUpAtThatPart) {
  server_.put("rows/a b+.jsonl", text_);
  server_.set_faults([](const http::ServerRequest&, int number) -> std::optional<Fault> {
    if (number == 1) return Fault{.cut_after = 300};
    if (number == 2) return Fault{.reset = true};
    return std::nullopt;
  });
  EXPECT_EQ(read(), text_);
  EXPECT_EQ(server_.log().size(), 5U);
}

TEST_F(Reading, AServerThatIsBusyIsAskedAgainAndAtLastNamed) {
  server_.put("rows/a b+.jsonl", text_);
  server_.set_faults([](const http::ServerRequest&, int number) -> std::optional<Fault> {
    if (number < 3) return Fault{.status = 503, .code = "SlowDown"};
    return std::nullopt;
  });
  EXPECT_EQ(read(), text_);
  server_.set_faults([](const http::ServerRequest&, int) -> std::optional<Fault> {
    return Fault{.status = 503, .code = "SlowDown"};
  });
  EXPECT_THAT(error_of(),
              HasSubstr("s3://rows/a b+.jsonl: cannot be read (503 SlowDown): tried 4 times"));
}

TEST_F(Reading, AnObjectThatChangesWhileItIsReadIsAnError) {
  server_.put("rows/a b+.jsonl", text_);
  server_.set_faults(
      [changed = false](const http::ServerRequest&, int number) mutable -> std::optional<Fault> {
        if (number == 1 && !std::exchange(changed, true))
          return Fault{.status = 412, .code = "PreconditionFailed"};
        return std::nullopt;
      });
  EXPECT_THAT(error_of(), HasSubstr("the file was changed while it was read"));
}

TEST_F(Reading, OnlyAnObjectOfTheVersionThatWasBegunIsAskedFor) {
  server_.put("rows/a b+.jsonl", text_);
  std::atomic<int> matched = 0;
  server_.set_faults([&](const http::ServerRequest& request, int) -> std::optional<Fault> {
    if (request.headers.find("if-match") == "\"v1\"") ++matched;
    return std::nullopt;
  });
  EXPECT_EQ(read(), text_);
  EXPECT_EQ(matched, 2);
}

TEST_F(Reading, KeysThatHaveExpiredAreReadAgainOnce) {
  server_.put("rows/a b+.jsonl", text_);
  server_.set_faults([](const http::ServerRequest&, int number) -> std::optional<Fault> {
    if (number == 0) return Fault{.status = 400, .code = "ExpiredToken"};
    return std::nullopt;
  });
  EXPECT_EQ(read(), text_);
  server_.set_faults([](const http::ServerRequest&, int) -> std::optional<Fault> {
    return Fault{.status = 400, .code = "ExpiredToken"};
  });
  EXPECT_THAT(error_of(), HasSubstr("the session of the credentials of s3 has expired"));
}

TEST_F(Reading, ARefusalSaysWhoAskedAndHowAnotherMay) {
  Settings settings = settings_for(server_);
  settings.s3.credentials = core::Secret("TESTKEY:wrong-secret");
  Places wrong(settings, no_environment);
  const auto bytes = read_all(wrong, "s3://rows/a");
  ASSERT_FALSE(bytes);
  EXPECT_THAT(bytes.error().text(),
              HasSubstr("s3://rows/a: cannot be read (403 SignatureDoesNotMatch): the signature is "
                        "wrong: the secret of the credentials of s3"));
  EXPECT_THAT(bytes.error().text(), Not(HasSubstr("wrong-secret")));
  server_.set_faults([](const http::ServerRequest&, int) -> std::optional<Fault> {
    return Fault{.status = 403, .code = "AccessDenied"};
  });
  EXPECT_THAT(error_of(), HasSubstr("s3:GetObject"));
}

TEST_F(Reading, WhatIsNotThereIsSaidSo) {
  EXPECT_THAT(error_of(), HasSubstr("404 NoSuchKey): there is no such file"));
}

TEST_F(Reading, ABucketOfAnotherRegionIsSaidWithItsRegion) {
  server_.set_faults([](const http::ServerRequest&, int) -> std::optional<Fault> {
    return Fault{.status = 301,
                 .code = "PermanentRedirect",
                 .headers = {{"x-amz-bucket-region", "ap-south-1"}}};
  });
  EXPECT_THAT(error_of(), HasSubstr("s3 = { region = \"ap-south-1\" }"));
}

TEST_F(Reading, NobodyIsAskedAsNobody) {
  server_.allow_anybody();
  server_.put("rows/public.jsonl", "x\n");
  Settings settings = settings_for(server_);
  settings.s3.credentials = {};
  settings.s3.anonymous = true;
  Places places(settings, no_environment);
  EXPECT_EQ(read_all(places, "s3://rows/public.jsonl"), "x\n");
}

TEST_F(Reading, AWebAddressIsReadWithItsQueryWhichNoMessageShows) {
  server_.allow_anybody();
  server_.put("rows/a.csv", text_);
  const auto name = places_.name(server_.url() + "/rows/a.csv?sig=SECRET");
  ASSERT_TRUE(name);
  EXPECT_EQ(*name, server_.url() + "/rows/a.csv");
  EXPECT_EQ(read(*name), text_);
  EXPECT_THAT(server_.log().front(), HasSubstr("?sig=SECRET"));
  const auto missing = places_.name(server_.url() + "/rows/b.csv?sig=SECRET");
  EXPECT_THAT(error_of(*missing), testing::AllOf(HasSubstr("404"), Not(HasSubstr("SECRET"))));
  EXPECT_NE(*places_.name(server_.url() + "/rows/a.csv?sig=OTHER"), *name);
}

TEST_F(Reading, AWebServerMaySendOnToAnother) {
  server_.allow_anybody();
  server_.put("rows/a.csv", text_);
  ObjectServer first;
  first.allow_anybody();
  first.set_faults([&](const http::ServerRequest&, int) -> std::optional<Fault> {
    return Fault{.status = 302, .headers = {{"location", server_.url() + "/rows/a.csv"}}};
  });
  EXPECT_EQ(read(first.url() + "/x"), text_);
}

TEST_F(Reading, AServerThatIsNotThereIsTriedAndNamed) {
  Settings settings = settings_for(server_);
  settings.s3.endpoint = "http://127.0.0.1:1";
  Places places(settings, no_environment);
  const auto bytes = read_all(places, "s3://rows/a");
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().where, "s3://rows/a");
  EXPECT_THAT(bytes.error().message, HasSubstr("tried 4 times"));
}

TEST_F(Reading, WhatIsExpectedHasBeenAskedForWhenItIsOpened) {
  std::vector<std::string> names;
  for (int i = 0; i < 12; ++i) {
    server_.put("rows/" + std::to_string(i), text_.substr(0, 1500) + std::to_string(i));
    names.push_back("s3://rows/" + std::to_string(i));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::atomic<std::uint64_t> consumed = 0;
    auto file = places_.open(names[i], consumed);
    places_.expect(std::span(names).subspan(i + 1));
    ASSERT_TRUE(file);
    EXPECT_EQ(read_all(**file), text_.substr(0, 1500) + std::to_string(i));
  }
  EXPECT_EQ(server_.log().size(), 24U) << "nothing is asked for twice";
}

TEST_F(Reading, ALookThatFailedIsNotWaitedForAgain) {
  const auto hasty = places_.hasty();
  hasty->give_up({core::ErrorCode::io, "no answer", {}});
  EXPECT_EQ(places_.hasty(), hasty);
  const auto bytes = read_all(*places_.hasty(), "s3://rows/a");
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().text(), "s3://rows/a: no answer");
  EXPECT_THAT(server_.log(), testing::IsEmpty());
}

TEST_F(Reading, AFileMayOutliveItsPlacesAndBeLeftUnread) {
  server_.put("rows/a", text_);
  std::atomic<std::uint64_t> consumed = 0;
  auto places = std::make_unique<Places>(settings_for(server_), no_environment);
  auto file = places->open("s3://rows/a", consumed);
  ASSERT_TRUE(file);
  places.reset();
  std::string some(10, '\0');
  while ((*file)->read(some)->state == storage::InputFile::State::waiting) {
  }
  file->reset();
}

}  // namespace
}  // namespace sluice::place
