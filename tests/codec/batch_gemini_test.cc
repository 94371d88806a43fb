// The Gemini API's batches: calls out, meaning in.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "batch_testing.h"

namespace sluice::codec {
namespace {

using namespace batch_testing;

constexpr std::string_view kSession =
    "https://generativelanguage.googleapis.com/upload/v1beta/files?upload_id=x&upload_protocol="
    "resumable";

core::Result<std::string> session_at(const provider::BatchApi& api, std::string_view url) {
  const std::vector<provider::HeaderView> headers = {{"x-goog-upload-status", "active"},
                                                     {"x-goog-upload-url", url}};
  return api.uploaded({.nonce = "n1"}, 0, {headers, "{}"});
}

TEST(GeminiBatch, AFileGoesToTheAddressThatTheFirstReplyNames) {
  const auto api = make_batch_api(endpoint_of("gemini"));
  ASSERT_NE(api, nullptr);
  EXPECT_EQ(api->item("n1-0", R"({"contents":[]})"), R"({"key":"n1-0","request":{"contents":[]}})");
  ASSERT_EQ(api->uploads(), 2);
  BatchJob job{.nonce = "n1", .lines = 2, .bytes = 100};
  const BatchCall start = api->upload(job, 0);
  EXPECT_EQ(start.path, "https://generativelanguage.googleapis.com/upload/v1beta/files");
  EXPECT_EQ(header_of(start, "X-Goog-Upload-Protocol"), "resumable");
  EXPECT_EQ(header_of(start, "X-Goog-Upload-Command"), "start");
  EXPECT_EQ(header_of(start, "X-Goog-Upload-Header-Content-Length"), "100");
  EXPECT_FALSE(start.body.file);
  EXPECT_EQ(start.body.before,
            R"({"file":{"displayName":"sluice-n1","mimeType":"application/jsonl"}})");
  job.input = *session_at(*api, kSession);
  const BatchCall whole = api->upload(job, 1);
  EXPECT_EQ(whole.method, "POST");
  EXPECT_EQ(whole.path, kSession);
  EXPECT_EQ(header_of(whole, "X-Goog-Upload-Offset"), "0");
  EXPECT_EQ(header_of(whole, "X-Goog-Upload-Command"), "upload, finalize");
  EXPECT_TRUE(whole.body.file);
  EXPECT_EQ(calls_text(api->clean_up(job)), "") << "the address is not a file";
  job.input = *api->uploaded(job, 1, {kNoHeaders, R"({"file":{"name":"files/abc"}})"});
  EXPECT_EQ(job.input, "files/abc");
  const BatchCall create = api->create(job);
  EXPECT_EQ(create.path, "/models/m:batchGenerateContent");
  EXPECT_EQ(create.body.before,
            R"({"batch":{"displayName":"n1","inputConfig":{"fileName":"files/abc"}}})");
  EXPECT_EQ(api->limits().window, std::chrono::hours(48));
}

TEST(GeminiBatch, NoFileGoesToAnotherHost) {
  const auto api = make_batch_api(endpoint_of("gemini"));
  for (const char* url :
       {"https://evil.example/upload", "http://generativelanguage.googleapis.com/upload",
        "https://generativelanguage.googleapis.com.evil.example/u",
        "https://generativelanguage.googleapis.com@evil.example/u",
        "https://generativelanguage.googleapis.com:8443/u",
        "https://generativelanguage.googleapis.com?u",
        "https://generativelanguage.googleapis.com/a b", "/upload/v1beta/files", ""})
    EXPECT_FALSE(session_at(*api, url).has_value()) << url;
  EXPECT_FALSE(api->uploaded({}, 0, {kNoHeaders, "{}"}).has_value());
  EXPECT_FALSE(api->uploaded({}, 1, {kNoHeaders, R"({"file":{"name":"x"}})"}).has_value());
  const auto local = make_batch_api(endpoint_of("gemini", "http://127.0.0.1:9/g/v1beta"));
  EXPECT_EQ(local->upload({}, 0).path, "http://127.0.0.1:9/g/upload/v1beta/files");
  EXPECT_TRUE(session_at(*local, "http://127.0.0.1:9/x?upload_id=1").has_value());
  EXPECT_EQ(make_batch_api(endpoint_of("gemini", "http://127.0.0.1:9"))->upload({}, 0).path,
            "http://127.0.0.1:9/upload/files");
}

TEST(GeminiBatch, ItsStatesAreReadUnderBothNames) {
  const auto api = make_batch_api(endpoint_of("gemini"));
  const BatchStatus running = read_status(
      *api, R"({"name":"batches/b1","metadata":{"state":"BATCH_STATE_RUNNING","displayName":"n1",
      "createTime":"2026-09-21T14:13:20.5Z","inputConfig":{"fileName":"files/abc"},
      "batchStats":{"requestCount":"10","successfulRequestCount":"3","failedRequestCount":"1"}}})");
  EXPECT_EQ(running.id, "batches/b1");
  EXPECT_EQ(running.word, "running");
  EXPECT_FALSE(running.ended);
  EXPECT_EQ(running.total, 10U);
  EXPECT_EQ(running.done, 3U);
  EXPECT_EQ(running.failed, 1U);
  EXPECT_EQ(running.nonce, "n1");
  EXPECT_EQ(running.input, "files/abc");
  EXPECT_EQ(running.created->time_since_epoch(), std::chrono::milliseconds(1'790'000'000'500));
  for (const char* state : {"BATCH_STATE_SUCCEEDED", "JOB_STATE_SUCCEEDED"}) {
    const BatchStatus ended = read_status(
        *api, fmt::format(R"({{"name":"batches/b1","done":true,"metadata":{{"state":"{}",
        "output":{{"responsesFile":"files/batch-b1"}}}}}})",
                          state));
    EXPECT_TRUE(ended.ended);
    EXPECT_EQ(calls_text(api->downloads({.results = ended.results})),
              "GET /files/batch-b1:download?alt=media\n");
  }
  EXPECT_EQ(read_status(*api, R"({"name":"batches/b","done":true,"response":
            {"responsesFile":"files/r"}})")
                .results,
            "files/r");
  const BatchStatus expired =
      read_status(*api, R"({"name":"batches/b","metadata":{"state":"BATCH_STATE_EXPIRED"}})");
  EXPECT_TRUE(expired.ended);
  EXPECT_FALSE(expired.refused);
  EXPECT_TRUE(api->downloads({.results = expired.results}).empty());
  const BatchStatus failed = read_status(
      *api, R"({"name":"batches/b","done":true,"metadata":{"state":"BATCH_STATE_FAILED"},
      "error":{"code":3,"message":"line 7 is not a request"}})");
  EXPECT_TRUE(failed.refused);
  EXPECT_FALSE(failed.no_room);
  EXPECT_EQ(failed.problem, "line 7 is not a request");
  EXPECT_TRUE(read_status(*api, R"({"name":"batches/b","metadata":{"state":"JOB_STATE_FAILED"},
      "error":{"code":8,"message":"quota"}})")
                  .no_room);
  EXPECT_FALSE(api->status({kNoHeaders, R"({"name":"files/b"})"}).has_value());
}

TEST(GeminiBatch, EveryKindOfLineIsRead) {
  const auto endpoint = endpoint_of("gemini");
  const auto api = make_batch_api(endpoint);
  const BatchLine good = read_line(*api, R"({"key":"n1-7","response":{"candidates":[{"content":
      {"parts":[{"text":"yes"}]},"finishReason":"STOP"}]}})");
  EXPECT_EQ(good.kind, BatchLine::Kind::reply);
  EXPECT_EQ(good.custom_id, "n1-7");
  const auto codec = make_codec(endpoint);
  EXPECT_EQ(codec->read(good.status, {}, good.body, core::WallTime()).text, "yes");
  const BatchLine full =
      read_line(*api, R"({"key":"a","error":{"code":8,"message":"out of quota"}})");
  EXPECT_EQ(full.kind, BatchLine::Kind::reply);
  EXPECT_EQ(full.status, 429);
  EXPECT_NE(codec->read(full.status, {}, full.body, core::WallTime()).outcome.action,
            provider::Action::none);
  EXPECT_EQ(read_line(*api, R"({"key":"a","error":{"code":400,"message":"m"}})").status, 400);
  EXPECT_EQ(read_line(*api, R"({"key":"a","error":{"code":77}})").status, 500);
  EXPECT_EQ(read_line(*api, R"({"key":"a","error":{"code":1,"message":"cancelled"}})").kind,
            BatchLine::Kind::not_run);
  EXPECT_EQ(read_line(*api, R"({"key":"a"})").kind, BatchLine::Kind::failed);
  EXPECT_FALSE(api->line(R"({"response":{}})").has_value());
}

TEST(GeminiBatch, AllPagesOfTheListAreRead) {
  const auto api = make_batch_api(endpoint_of("gemini"));
  EXPECT_EQ(api->list({}, "").path, "/batches?pageSize=100");
  const auto page = api->page({kNoHeaders, R"({"operations":[{"name":"batches/b","metadata":
      {"displayName":"n1","createTime":"2026-09-21T14:13:20Z"}}],"nextPageToken":"a+b"})"});
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->batches.at(0).nonce, "n1");
  EXPECT_FALSE(page->batches.at(0).created) << "or a search would stop at the first old one";
  EXPECT_EQ(api->list({}, page->next).path, "/batches?pageSize=100&pageToken=a%2Bb");
  EXPECT_TRUE(api->page({kNoHeaders, "{}"})->batches.empty());
  EXPECT_FALSE(api->page({kNoHeaders, "[]"}).has_value());
}

TEST(GeminiBatch, ItIsCancelledAndDeletedWithItsFiles) {
  const auto api = make_batch_api(endpoint_of("gemini"));
  const BatchCall cancel = api->cancel({.id = "batches/b"});
  EXPECT_EQ(cancel.method + " " + cancel.path, "POST /batches/b:cancel");
  EXPECT_EQ(api->poll({.id = "batches/b"}).path, "/batches/b");
  EXPECT_EQ(
      calls_text(api->clean_up({.input = "files/i", .id = "batches/b", .results = "files/r"})),
      "DELETE /files/i\nDELETE /files/r\nDELETE /batches/b\n");
}

TEST(GeminiBatch, EmbeddingsHaveNone) {
  auto endpoint = endpoint_of("gemini");
  endpoint.api = "embeddings";
  EXPECT_EQ(make_batch_api(endpoint), nullptr);
}

}  // namespace
}  // namespace sluice::codec
