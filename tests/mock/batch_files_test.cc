#include "mock/batch_files.h"

#include "tests/mock/batch_support.h"
#include "wire/multipart.h"

namespace sluice::mock {
namespace {

TEST(Blob, GivesBackWhatWasPutInWhetherItFitsIntoMemoryOrNot) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{10}, Blob::kInMemory, 5 * Blob::kInMemory}) {
    std::string text;
    while (text.size() < size) text += "line " + std::to_string(text.size()) + "\n";
    Blob blob;
    for (std::size_t at = 0; at < text.size(); at += 1000)
      ASSERT_TRUE(blob.append(std::string_view(text).substr(at, 1000)).has_value());
    EXPECT_EQ(blob.size(), text.size());
    EXPECT_EQ(blob.all().value(), text);
    EXPECT_EQ(blob.read(3, 7).value(), text.substr(std::min<std::size_t>(3, text.size()), 7));
    EXPECT_EQ(blob.read(text.size(), 7).value(), "");
    std::string lines;
    ASSERT_TRUE(blob.each_line([&](std::string_view line, std::uint64_t) {
                      lines += line;
                      lines += '\n';
                      return true;
                    })
                    .has_value());
    EXPECT_EQ(lines, text);
  }
}

TEST(Blob, CutsLinesOfAnyLengthAndCountsBlankOnes) {
  const std::string longer(3 << 20, 'x');
  Blob blob;
  ASSERT_TRUE(blob.append("a\n\n \r\n" + longer + "\r\nlast").has_value());
  std::vector<std::pair<std::uint64_t, std::size_t>> seen;
  ASSERT_TRUE(blob.each_line([&](std::string_view line, std::uint64_t number) {
                    seen.emplace_back(number, line.size());
                    return true;
                  })
                  .has_value());
  const std::vector<std::pair<std::uint64_t, std::size_t>> wanted = {
      {1, 1}, {4, longer.size() + 1}, {5, 4}};
  EXPECT_EQ(seen, wanted);
}

TEST(BatchFiles, RefusesWhatDoesNotFitAndSaysTheBound) {
  BatchFiles files(10);
  const auto add = [&](const char* id, const char* text) {
    Blob blob;
    EXPECT_TRUE(blob.append(text).has_value());
    return files.add({.id = id}, std::move(blob));
  };
  ASSERT_TRUE(add("a", "123456").has_value());
  const auto refused = add("b", "12345");
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("10 bytes of files at most, and 6 are taken"),
            std::string::npos);
  ASSERT_TRUE(add("a", "1234567890").has_value());  // in place of the first
  EXPECT_EQ(files.bytes(), 10u);
  EXPECT_TRUE(files.remove("a"));
  EXPECT_FALSE(files.remove("a"));
  EXPECT_EQ(files.bytes(), 0u);
}

TEST(Multipart, ReadsNamesFilesAndBytesAsTheyAre) {
  const std::string body =
      "--x y\r\ncontent-disposition: form-data; name=\"a;b\"\r\n\r\n\r\n--x\r\n--x y\r\n"
      "Content-Disposition: form-data; filename=\"q\\\"uote.jsonl\"; name=file\r\n"
      "Content-Type: text/plain\r\n\r\n\r\n\r\n--x y--\r\n";
  const auto parts = wire::form_parts("Multipart/Form-Data; boundary=\"x y\"", body);
  ASSERT_TRUE(parts.has_value());
  ASSERT_EQ(parts->size(), 2u);
  EXPECT_EQ(parts->at(0).name, "a;b");
  EXPECT_EQ(parts->at(0).bytes, "\r\n--x");
  EXPECT_EQ(parts->at(1).name, "file");
  EXPECT_EQ(parts->at(1).file, "q\"uote.jsonl");
  EXPECT_EQ(parts->at(1).media, "text/plain");
  EXPECT_EQ(parts->at(1).bytes, "\r\n");
}

TEST(Multipart, RefusesWhatIsCutOffAnywhere) {
  const std::string type = "multipart/form-data; boundary=b";
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nvalue\r\n--b--";
  EXPECT_TRUE(wire::form_parts(type, body).has_value());
  for (std::size_t size = 0; size < body.size(); ++size)
    EXPECT_FALSE(wire::form_parts(type, std::string_view(body).substr(0, size)).has_value())
        << size;
  EXPECT_FALSE(wire::form_parts("application/json", body).has_value());
  EXPECT_FALSE(wire::form_parts("multipart/form-data", body).has_value());
}

class BucketTest : public testing::Test {
 protected:
  static Options options() {
    Options options;
    options.batch.buckets = {"jobs"};
    return options;
  }
  Decision call(std::string_view method, std::string_view target, std::string body = {},
                const Headers& headers = {}) {
    return mock_.call(method, target, std::move(body), headers);
  }
  BatchMock mock_{options()};
};

TEST_F(BucketTest, KeepsObjectsAndGivesTheirRanges) {
  EXPECT_EQ(call("PUT", "/jobs/a%20b/c", "hello").response.status, 200);
  const Decision whole = call("GET", "/jobs/a%20b/c");
  EXPECT_EQ(whole.response.body, "hello");
  const auto range = [&](const char* asked) {
    return call("GET", "/jobs/a%20b/c", {}, {{"range", asked}});
  };
  EXPECT_EQ(range("bytes=1-2").response.body, "el");
  EXPECT_EQ(range("bytes=1-2").response.status, 206);
  EXPECT_EQ(header(range("bytes=3-"), "content-range"), "bytes 3-4/5");
  EXPECT_EQ(range("bytes=-2").response.body, "lo");
  EXPECT_EQ(range("bytes=5-").response.status, 416);
  EXPECT_EQ(call("GET", "/jobs/a%20b/c", {}, {{"if-match", "\"x\""}}).response.status, 412);
  EXPECT_EQ(call("PUT", "/jobs/a%20b/c", "x", {{"if-none-match", "*"}}).response.status, 412);
  EXPECT_EQ(call("DELETE", "/jobs/a%20b/c").response.status, 204);
  EXPECT_EQ(call("GET", "/jobs/a%20b/c").response.status, 404);
  EXPECT_EQ(call("GET", "/others/c").response.status, 404);
  EXPECT_NE(call("GET", "/others/c").response.body.find("unknown_url"), std::string::npos);
}

TEST_F(BucketTest, PutsPartsTogetherInTheOrderThatIsAsked) {
  const std::string begun = call("POST", "/jobs/k?uploads").response.body;
  const std::size_t at = begun.find("<UploadId>") + 10;
  const std::string id = begun.substr(at, begun.find('<', at) - at);
  EXPECT_EQ(call("PUT", "/jobs/k?partNumber=2&uploadId=" + id, "world").response.status, 200);
  EXPECT_EQ(call("PUT", "/jobs/k?partNumber=1&uploadId=" + id, "hello ").response.status, 200);
  EXPECT_EQ(call("GET", "/jobs/k").response.status, 404);
  const std::string list =
      "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part><Part><PartNumber>2</"
      "PartNumber>"
      "</Part></CompleteMultipartUpload>";
  EXPECT_EQ(call("POST", "/jobs/k?uploadId=" + id, list).response.status, 200);
  EXPECT_EQ(call("GET", "/jobs/k").response.body, "hello world");
  EXPECT_EQ(call("POST", "/jobs/k?uploadId=" + id, list).response.status, 404);
}

TEST_F(BucketTest, ListsInPages) {
  for (const char* key : {"a/1", "a/2", "b", "c/1"}) call("PUT", std::string("/jobs/") + key, "x");
  const std::string first =
      call("GET", "/jobs/?list-type=2&max-keys=2&delimiter=%2F").response.body;
  EXPECT_NE(first.find("<CommonPrefixes><Prefix>a/</Prefix>"), std::string::npos);
  EXPECT_NE(first.find("<Key>b</Key>"), std::string::npos);
  EXPECT_NE(first.find("<NextContinuationToken>b<"), std::string::npos);
  const std::string second =
      call("GET", "/jobs?list-type=2&max-keys=2&delimiter=%2F&continuation-token=b").response.body;
  EXPECT_NE(second.find("<Prefix>c/</Prefix>"), std::string::npos);
  EXPECT_NE(second.find("<IsTruncated>false"), std::string::npos);
  const std::string below = call("GET", "/jobs?list-type=2&prefix=a%2F").response.body;
  EXPECT_NE(below.find("<KeyCount>2<"), std::string::npos);
}

}  // namespace
}  // namespace sluice::mock
