// The images and documents of rows: which are taken, what a bad one is told, and how they shape the
// row's question.
#include "stages/read_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/registry.h"
#include "core/base64.h"
#include "provider/user_content.h"
#include "stages/pack.h"
#include "stages/prepare.h"
#include "tests/stages/support.h"

namespace sluice::stages {
namespace {

using testing::HasSubstr;

const std::string kPng = "\x89PNG\r\n\x1a\n and so on";

// A job in a folder of its own, whose rows name their files in "photo".
struct Photos {
  Scratch scratch;
  PipelineSpec spec = simple_spec(1);

  Photos() {
    spec.pack.images.templates = {"{{photo}}"};
    spec.pack.images.folder = scratch.path("");
    scratch.write("a.png", kPng);
  }

  static std::string row_of(std::string_view photo) {
    return fmt::format(R"({{"id":"r","q":"what?","photo":"{}"}})", photo);
  }
  Item item_of_row(const std::string& raw) const {
    const Question question = make_question(spec);
    const auto prepare = Prepare::make(spec, question);
    EXPECT_TRUE(prepare.has_value());
    core::RowBatch batch(1);
    batch[0].raw = raw;
    return std::move(prepare->run(std::move(batch))[0]);
  }
  Item item(std::string_view photo) const { return item_of_row(row_of(photo)); }
  // "reason: detail", or "".
  std::string reject(std::string_view photo) const {
    const Item made = item(photo);
    return made.reject ? made.reject->reason + ": " + made.reject->detail : "";
  }
  Request built(Item item) const {
    Request request;
    request.items.push_back(std::move(item));
    build(request, make_question(spec));
    return request;
  }
};

TEST(ReadFiles, ThePathIsRelativeToThePipelineFilesFolder) {
  const Photos photos;
  const Item item = photos.item("a.png");
  ASSERT_EQ(item.reject, nullptr);
  ASSERT_NE(item.files, nullptr);
  ASSERT_EQ(item.files->list.size(), 1u);
  EXPECT_EQ(item.files->list[0].source, photos.scratch.path("a.png"));
  EXPECT_EQ(item.files->list[0].media, "image/png");
  EXPECT_EQ(item.files->list[0].bytes, kPng.size());
  EXPECT_EQ(item.files->encoded, core::base64_bytes(kPng.size()));
  EXPECT_EQ(photos.reject(photos.scratch.path("a.png")), "") << "an absolute one is itself";
}

TEST(ReadFiles, TheKindIsThatOfTheBytesWhateverTheNameSays) {
  const Photos photos;
  photos.scratch.write("b.png", "GIF89a…");
  EXPECT_EQ(photos.item("b.png").files->list[0].media, "image/gif");
}

TEST(ReadFiles, ABadFileRejectsItsRowAndSaysWhatToDo) {
  const Photos photos;
  photos.scratch.write("empty.png", "");
  photos.scratch.write("page.png", "<!DOCTYPE html>");
  photos.scratch.write("words.png", "just words");
  EXPECT_THAT(photos.reject("no.png"),
              testing::AllOf(HasSubstr("image_missing: "), HasSubstr("no.png is not there"),
                             HasSubstr("pipeline file's folder")));
  EXPECT_THAT(photos.reject("a.png/b"), HasSubstr("is not there"));
  EXPECT_THAT(photos.reject("a.png\\u0000b"), HasSubstr("is not there"));
  EXPECT_THAT(photos.reject("."), HasSubstr("is not a file"));
  EXPECT_THAT(photos.reject("/dev/zero"), HasSubstr("bad_image: /dev/zero is not a file"));
  EXPECT_THAT(photos.reject("empty.png"), HasSubstr("bad_image"));
  EXPECT_THAT(photos.reject("empty.png"), HasSubstr("empty.png is empty"));
  EXPECT_THAT(photos.reject("page.png"), HasSubstr("is a web page, not a PNG, JPEG, GIF or WebP"));
  EXPECT_THAT(photos.reject("words.png"), HasSubstr("is of an unknown kind"));
  EXPECT_THAT(photos.reject("s3://bucket/a.png"), HasSubstr("neither a path nor an https://"));
  EXPECT_THAT(photos.reject("https://h/a b.png"), HasSubstr("must be written as %20"));
}

TEST(ReadFiles, SizesAreBoundedByKindOrByThePipeline) {
  Photos photos;
  const auto of_size = [&](const std::string& name, const std::string& start, std::size_t bytes) {
    std::string text = start;
    text.resize(bytes, 'x');
    photos.scratch.write(name, text);
  };
  of_size("most.png", kPng, kMostImageBytes);
  of_size("more.png", kPng, kMostImageBytes + 1);
  of_size("most.pdf", "%PDF-1.7", kMostDocumentBytes);
  of_size("more.pdf", "%PDF-1.7", kMostDocumentBytes + 1);
  EXPECT_EQ(photos.reject("most.png"), "");
  EXPECT_THAT(photos.reject("more.png"),
              testing::AllOf(HasSubstr("image_too_large"), HasSubstr("3750001 bytes"),
                             HasSubstr("raise image_bytes")));
  EXPECT_EQ(photos.reject("most.pdf"), "");
  EXPECT_THAT(photos.reject("more.pdf"), HasSubstr("image_too_large"));
  photos.spec.pack.images.bytes = kPng.size();
  EXPECT_EQ(photos.reject("a.png"), "");
  EXPECT_THAT(photos.reject("most.pdf"), HasSubstr("image_too_large"));
  photos.spec.pack.images.bytes = 5'000'000;
  EXPECT_EQ(photos.reject("more.png"), "");
  // Together: 20 MB of base64, which is four times 3,750,000 bytes.
  photos.spec.pack.images.templates.assign(4, "{{photo}}");
  EXPECT_EQ(photos.reject("most.png"), "");
  EXPECT_THAT(photos.reject("more.png"), HasSubstr("more than the 20000000"));
  photos.spec.pack.images.templates.assign(21, "{{photo}}");
  EXPECT_THAT(photos.reject("a.png"), HasSubstr("more than 20 images"));
}

TEST(ReadFiles, AnEmptyTextIsNoImageAndALackingFieldARejects) {
  const Photos photos;
  const Item none = photos.item("");
  EXPECT_EQ(none.reject, nullptr);
  EXPECT_EQ(none.files, nullptr);
  EXPECT_EQ(*photos.built(none).user_content, R"({"files":[],"text":"what?"})");
  const Item lacking = photos.item_of_row(R"({"id":"r","q":"what?","photo":null})");
  ASSERT_NE(lacking.reject, nullptr);
  EXPECT_EQ(lacking.reject->reason, "missing_field");
  EXPECT_THAT(lacking.reject->detail, HasSubstr("'photo'"));
}

TEST(ReadFiles, AnEmptyTextIsNoImageWhateverStandsAroundItsPlace) {
  Photos photos;
  photos.spec.pack.images.templates = {"photos/{{id}}/{{photo}}", "a.png"};
  const Item item = photos.item("");
  ASSERT_EQ(item.reject, nullptr);
  ASSERT_NE(item.files, nullptr);
  EXPECT_EQ(item.files->list.size(), 1u) << "a.png, for every row";
}

TEST(ReadFiles, AListGivesAFileForEachOfItsTexts) {
  Photos photos;
  photos.scratch.write("b.gif", "GIF89a…");
  const auto files = [&](const std::string& list) {
    return photos.item_of_row(R"({"id":"r","q":"what?","photo":)" + list + "}").files;
  };
  ASSERT_NE(files(R"(["a.png","b.gif",""])"), nullptr);
  EXPECT_EQ(files(R"(["a.png","b.gif",""])")->list.size(), 2u);
  EXPECT_EQ(files("[]"), nullptr);
  // Only where the template is the place alone: here it is a path like any other.
  photos.spec.pack.images.templates = {"x/{{photo}}"};
  EXPECT_THAT(photos.item_of_row(R"({"id":"r","q":"w","photo":["a.png"]})").reject->detail,
              HasSubstr(R"(x/["a.png"] is not there)"));
}

TEST(ReadFiles, DataInTheRowIsCheckedLikeAFile) {
  const Photos photos;
  std::string data;
  core::append_base64(data, kPng);
  const Item item = photos.item("data:image/jpeg;base64," + data);
  ASSERT_EQ(item.reject, nullptr);
  EXPECT_EQ(item.files->list[0].media, "image/png") << "what it is, not what it is said to be";
  EXPECT_EQ(item.question, photos.item("a.png").question) << "the same bytes, wherever they are";
  const Request request = photos.built(item);
  EXPECT_EQ(provider::read_user_content(*request.user_content).files[0].data, data);
  EXPECT_THAT(photos.reject("data:image/png;base64,a"), HasSubstr("is not followed by base64"));
  EXPECT_THAT(photos.reject("data:image/png,a"), HasSubstr("is not followed by base64"));
  EXPECT_THAT(photos.reject("data:image/png;base64,aGk="), HasSubstr("of an unknown kind"));
}

TEST(ReadFiles, WhatAnEndpointCannotTakeRejectsTheRowByItsName) {
  Photos photos;
  photos.scratch.write("b.gif", "GIF89a…");
  provider::EndpointSpec endpoint;
  endpoint.name = "bedrock/nova";
  endpoint.model = "nova";
  endpoint.provider = codec::find_provider("bedrock");
  EXPECT_EQ(photos.reject("https://h/a.png"), "");
  photos.spec.dispatch.endpoints.push_back(endpoint);
  EXPECT_THAT(
      photos.reject("https://h/a.png"),
      HasSubstr("bad_image: https://h/a.png: bedrock/nova fetches no images: give the file"));
  EXPECT_EQ(photos.reject("b.gif"), "");
  endpoint.name = "gemini/m";
  endpoint.provider = codec::find_provider("gemini");
  photos.spec.dispatch.endpoints = {endpoint};
  EXPECT_THAT(photos.reject("b.gif"), HasSubstr("gemini/m takes no GIF"));
  EXPECT_EQ(photos.reject("https://h/a.png"), "");
  EXPECT_THAT(photos.reject("https://h/a"), HasSubstr("must be told what an address leads to"));
}

TEST(ReadFiles, AQuestionIsNamedByTheBytesOfItsFiles) {
  Photos photos;
  photos.scratch.write("same.png", kPng);
  photos.scratch.write("other.png", kPng + "!");
  const Item item = photos.item("a.png");
  EXPECT_EQ(photos.item("same.png").question, item.question);
  EXPECT_NE(photos.item("other.png").question, item.question);
  EXPECT_NE(photos.item("other.png").identity, item.identity) << "a row whose file changed is new";
  EXPECT_NE(photos.item("").question, item.question);
  EXPECT_NE(photos.item("https://h/a.png").question, photos.item("https://h/b.png").question);
  photos.spec.parse.takes_row = true;
  EXPECT_NE(photos.item("same.png").question, photos.item("a.png").question);
}

// Jobs from before there were images keep their answers, also where images are added that these rows lack.
TEST(ReadFiles, ARowWithoutFilesIsNamedAsEver) {
  Photos photos;
  const Item with = photos.item("");
  photos.spec.pack.images.templates.clear();
  const Item without = photos.item("");
  EXPECT_EQ(with.question, without.question);
  EXPECT_EQ(with.identity, without.identity);
}

TEST(ReadFiles, WhatIsSentAreTheBytesThatWereNamed) {
  const Photos photos;
  const Item item = photos.item("a.png");
  const Request request = photos.built(item);
  ASSERT_EQ(request.reject, nullptr);
  const provider::UserContent user = provider::read_user_content(*request.user_content);
  ASSERT_EQ(user.files.size(), 1u);
  EXPECT_EQ(core::read_base64(user.files[0].data), kPng);
  EXPECT_EQ(user.text, "\"what?\"");
  EXPECT_EQ(request.extra_bytes, 0u) << "its credits cover the file";
  for (const std::string& changed : {kPng + "!", kPng.substr(1), std::string()}) {
    photos.scratch.write("a.png", changed);
    const Request stale = photos.built(item);
    ASSERT_NE(stale.reject, nullptr);
    EXPECT_EQ(stale.reject->reason, "image_changed");
    EXPECT_EQ(stale.user_content, nullptr);
  }
}

TEST(ReadFiles, AFileCountsByItsTokensAndIsChargedByItsBytes) {
  Photos photos;
  photos.scratch.write("a.png", kPng + std::string(1'000'000, 'x'));
  const Item item = photos.item("a.png");
  EXPECT_GE(weight_of(item).bytes, 2 * item.files->encoded);
  const Request request = photos.built(item);
  EXPECT_GT(request.user_content->size(), 1'300'000u);
  EXPECT_LT(text_bytes(request), 100u);
  EXPECT_EQ(counted_bytes(request), text_bytes(request) + 6'500);
  photos.spec.pack.images.tokens = 50'000;
  EXPECT_EQ(photos.item("a.png").files->tokens, 50'000u);
}

TEST(ReadFiles, ADocumentCountsByItsPagesOrWhereThereAreNoneToSeeByItsBytes) {
  const Photos photos;
  photos.scratch.write("two.pdf",
                       "%PDF-1.4 /Type /Pages /Kids … /Type/Page /Type /Page\n/Type /PageLabels");
  EXPECT_EQ(photos.item("two.pdf").files->tokens, 2u * (6'500 + 3'000));
  const std::string packed = "%PDF-1.7 /Type /ObjStm" + std::string(1000, '.');
  photos.scratch.write("packed.pdf", packed);
  EXPECT_EQ(photos.item("packed.pdf").files->tokens, 6'500 + packed.size());
}

}  // namespace
}  // namespace sluice::stages
