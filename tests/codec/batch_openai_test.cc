// OpenAI's batch API, and its variants: calls out, meaning in.
#include <gtest/gtest.h>

#include "batch_testing.h"

namespace sluice::codec {
namespace {

using namespace batch_testing;

TEST(OpenAiBatch, AFileIsUploadedAndABatchMadeOfIt) {
  const auto api = make_batch_api(endpoint_of("openai"));
  ASSERT_NE(api, nullptr);
  EXPECT_EQ(
      api->item("n1-0", R"({"model":"m"})"),
      R"({"custom_id":"n1-0","method":"POST","url":"/v1/chat/completions","body":{"model":"m"}})");
  BatchJob job{.nonce = "n1", .lines = 2, .bytes = 100};
  ASSERT_EQ(api->uploads(), 1);
  const BatchCall upload = api->upload(job, 0);
  EXPECT_EQ(upload.method, "POST");
  EXPECT_EQ(upload.path, "/files");
  EXPECT_TRUE(upload.body.file);
  EXPECT_NE(upload.body.before.find("name=\"purpose\"\r\n\r\nbatch\r\n"), std::string::npos);
  EXPECT_NE(upload.body.before.find("filename=\"sluice-n1.jsonl\""), std::string::npos);
  job.input = *api->uploaded(job, 0, {kNoHeaders, R"({"id":"file-1","object":"file"})"});
  EXPECT_EQ(job.input, "file-1");
  const BatchCall create = api->create(job);
  EXPECT_EQ(create.path, "/batches");
  EXPECT_EQ(create.body.before, R"({"input_file_id":"file-1","endpoint":"/v1/chat/completions",)"
                                R"("completion_window":"24h","metadata":{"sluice":"n1"}})");
  EXPECT_EQ(api->poll({.nonce = "n1", .id = "batch_1"}).path, "/batches/batch_1");
  EXPECT_EQ(api->cancel({.nonce = "n1", .id = "batch_1"}).path, "/batches/batch_1/cancel");
}

TEST(OpenAiBatch, ItsStatesAndCountsAreRead) {
  const auto api = make_batch_api(endpoint_of("openai"));
  const BatchStatus running = read_status(
      *api,
      R"({"id":"batch_1","status":"in_progress","created_at":1790000000,"input_file_id":"file-1",
      "request_counts":{"total":10,"completed":3,"failed":1},"metadata":{"sluice":"n1"},"output_file_id":null})");
  EXPECT_FALSE(running.ended);
  EXPECT_EQ(running.done, 3U);
  EXPECT_EQ(running.failed, 1U);
  EXPECT_EQ(running.total, 10U);
  EXPECT_EQ(running.nonce, "n1");
  EXPECT_EQ(running.input, "file-1");
  EXPECT_EQ(running.created->time_since_epoch(), std::chrono::seconds(1'790'000'000));
  const BatchStatus expired = read_status(
      *api, R"({"id":"b","status":"expired","output_file_id":"file-2","error_file_id":"file-3"})");
  EXPECT_TRUE(expired.ended);
  EXPECT_FALSE(expired.refused);
  const auto downloads = api->downloads({.nonce = "n1", .results = expired.results});
  ASSERT_EQ(downloads.size(), 2U);
  EXPECT_EQ(downloads[0].path, "/files/file-2/content");
  EXPECT_EQ(downloads[1].path, "/files/file-3/content");
  const BatchStatus full = read_status(
      *api, R"({"id":"b","status":"failed","errors":{"data":[{"code":"token_limit_exceeded",
      "message":"Enqueued token limit reached"}]}})");
  EXPECT_TRUE(full.refused);
  EXPECT_TRUE(full.no_room);
  EXPECT_EQ(full.problem, "Enqueued token limit reached");
  EXPECT_FALSE(read_status(*api, R"({"id":"b","status":"pondering"})").ended)
      << "what is not known has not ended";
  EXPECT_FALSE(api->status({kNoHeaders, "<html>"}).has_value());
  EXPECT_FALSE(api->status({kNoHeaders, "{}"}).has_value());
}

TEST(OpenAiBatch, EveryKindOfLineIsRead) {
  const auto api = make_batch_api(endpoint_of("openai"));
  const BatchLine good = read_line(
      *api,
      R"({"id":"r","custom_id":"n1-7","response":{"status_code":200,"body":{"choices":[1]}},"error":null})");
  EXPECT_EQ(good.kind, BatchLine::Kind::reply);
  EXPECT_EQ(good.custom_id, "n1-7");
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.body, R"({"choices":[1]})");
  EXPECT_EQ(read_line(*api, R"({"custom_id":"a","response":{"body":"{\"x\":1}"}})").body,
            R"({"x":1})")
      << "a body as text";
  EXPECT_EQ(
      read_line(*api, R"({"custom_id":"a","response":{"status_code":400,"body":{"error":{}}}})")
          .status,
      400);
  const BatchLine expired = read_line(
      *api,
      R"({"custom_id":"a","response":null,"error":{"code":"batch_expired","message":"too late"}})");
  EXPECT_EQ(expired.kind, BatchLine::Kind::not_run);
  EXPECT_EQ(expired.problem, "too late");
  EXPECT_EQ(
      read_line(*api, R"({"custom_id":"a","error":{"code":"request_failed","message":"500"}})")
          .kind,
      BatchLine::Kind::failed);
  EXPECT_EQ(read_line(*api, R"({"custom_id":"a","response":null,"error":null})").kind,
            BatchLine::Kind::failed);
  EXPECT_FALSE(api->line("{\"response\":{}}").has_value());
  EXPECT_FALSE(api->line("{\"custom_id\":\"a").has_value());
}

TEST(OpenAiBatch, ThePagesOfAListAreFollowed) {
  const auto api = make_batch_api(endpoint_of("openai"));
  EXPECT_EQ(api->list({}, "").path, "/batches?limit=100");
  const auto page =
      api->page({kNoHeaders, R"({"object":"list","data":[{"id":"b2","status":"completed"},
      {"id":"b1","status":"failed"}],"has_more":true})"});
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->batches.size(), 2U);
  EXPECT_EQ(api->list({}, page->next).path, "/batches?limit=100&after=b1");
  EXPECT_EQ(api->page({kNoHeaders, R"({"data":[],"has_more":true})"})->next, "");
  EXPECT_FALSE(api->page({kNoHeaders, R"({"data":{}})"}).has_value());
}

TEST(OpenAiBatch, TogethersJobsAndStatesAreReadToo) {
  const auto api = make_batch_api(endpoint_of("together"));
  ASSERT_NE(api, nullptr);
  EXPECT_EQ(api->upload({.nonce = "n"}, 0).path, "/files/upload");
  EXPECT_EQ(api->create({.nonce = "n", .input = "f"}).body.before.find("metadata"),
            std::string::npos);
  const BatchStatus status =
      read_status(*api, R"({"job":{"id":"b","status":"COMPLETED","output_file_id":"f"}})");
  EXPECT_TRUE(status.ended);
  EXPECT_EQ(status.word, "completed");
}

TEST(OpenAiBatch, AnyServerOfItsFormMayHaveOne) {
  EXPECT_NE(make_batch_api(endpoint_of("openai", "http://127.0.0.1:8321/v1")), nullptr);
  EXPECT_EQ(make_batch_api(endpoint_of("deepseek")), nullptr);
}

}  // namespace
}  // namespace sluice::codec
