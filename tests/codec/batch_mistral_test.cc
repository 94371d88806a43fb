// Mistral's batch jobs: calls out, meaning in.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "batch_testing.h"

namespace sluice::codec {
namespace {

using namespace batch_testing;

TEST(MistralBatch, AJobIsMadeOfAnUploadedFile) {
  auto endpoint = endpoint_of("mistral");
  const auto api = make_batch_api(endpoint);
  ASSERT_NE(api, nullptr);
  EXPECT_EQ(api->item("n1-0", R"({"model":"m"})"), R"({"custom_id":"n1-0","body":{"model":"m"}})");
  BatchJob job{.nonce = "n1"};
  const BatchCall upload = api->upload(job, 0);
  EXPECT_EQ(upload.path, "/files");
  EXPECT_NE(upload.body.before.find("name=\"purpose\"\r\n\r\nbatch\r\n"), std::string::npos);
  EXPECT_TRUE(upload.body.file);
  job.input = *api->uploaded(job, 0, {kNoHeaders, R"({"id":"f1"})"});
  const BatchCall create = api->create(job);
  EXPECT_EQ(create.path, "/batch/jobs");
  EXPECT_EQ(create.body.before, R"({"input_files":["f1"],"endpoint":"/v1/chat/completions",)"
                                R"("model":"m","metadata":{"sluice":"n1"},"timeout_hours":24})");
  const auto hours_in = [&](core::Duration window) {
    endpoint.batch_window = window;
    const std::string body = make_batch_api(endpoint)->create(job).body.before;
    return body.substr(body.rfind(':') + 1);
  };
  EXPECT_EQ(hours_in(std::chrono::minutes(90)), "2}");
  EXPECT_EQ(hours_in(std::chrono::seconds(0)), "1}");
  EXPECT_EQ(hours_in(std::chrono::hours(9999)), "168}");
}

TEST(MistralBatch, ItsStatesAndCountsAreRead) {
  const auto api = make_batch_api(endpoint_of("mistral"));
  const BatchStatus ended = read_status(
      *api, R"({"id":"j1","status":"SUCCESS","input_files":["f1"],"metadata":{"sluice":"n1"},
      "total_requests":4,"completed_requests":4,"succeeded_requests":3,"failed_requests":1,
      "created_at":1790000000,"output_file":"f2","error_file":"f3",
      "errors":[{"message":"HTTP Error, status code: 400","count":1}]})");
  EXPECT_TRUE(ended.ended);
  EXPECT_FALSE(ended.refused);
  EXPECT_EQ(ended.done, 3U);
  EXPECT_EQ(ended.failed, 1U);
  EXPECT_EQ(ended.total, 4U);
  EXPECT_EQ(ended.nonce, "n1");
  EXPECT_EQ(ended.input, "f1");
  EXPECT_EQ(ended.created->time_since_epoch(), std::chrono::seconds(1'790'000'000));
  EXPECT_EQ(calls_text(api->downloads({.results = ended.results})),
            "GET /files/f2/content\nGET /files/f3/content\n");
  for (const char* word : {"TIMEOUT_EXCEEDED", "CANCELLED", "FAILED"})
    EXPECT_TRUE(read_status(*api, fmt::format(R"({{"id":"j","status":"{}"}})", word)).ended);
  for (const char* word : {"QUEUED", "RUNNING", "CANCELLATION_REQUESTED", "WHAT_IS_NEW"})
    EXPECT_FALSE(read_status(*api, fmt::format(R"({{"id":"j","status":"{}"}})", word)).ended);
  const BatchStatus failed =
      read_status(*api, R"({"id":"j","status":"FAILED","errors":[{"message":"bad file"}]})");
  EXPECT_TRUE(failed.refused);
  EXPECT_EQ(failed.problem, "bad file");
}

TEST(MistralBatch, AnErrorsBodyIsText) {
  const auto api = make_batch_api(endpoint_of("mistral"));
  const BatchLine line =
      read_line(*api, R"({"id":"batch-1","custom_id":"n1-3","response":{"status_code":400,
      "body":"{\"object\":\"error\",\"message\":\"no such file\",\"code\":\"3310\"}"},"error":null})");
  EXPECT_EQ(line.kind, BatchLine::Kind::reply);
  EXPECT_EQ(line.status, 400);
  EXPECT_EQ(line.body, R"({"object":"error","message":"no such file","code":"3310"})");
  EXPECT_EQ(read_line(*api, R"({"custom_id":"a","error":"broken"})").problem, "broken");
  EXPECT_FALSE(api->line(R"({"custom_id":null,"response":{}})").has_value());
}

TEST(MistralBatch, ThePagesOfItsListAreCounted) {
  const auto api = make_batch_api(endpoint_of("mistral"));
  EXPECT_EQ(api->list({}, "").path, "/batch/jobs?page_size=100&order_by=-created&page=0");
  constexpr std::string_view kReply = R"({"data":[{"id":"j","status":"RUNNING"}],"total":250})";
  const auto first = api->page({kNoHeaders, kReply, ""});
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->next, "1");
  EXPECT_EQ(api->list({}, first->next).path, "/batch/jobs?page_size=100&order_by=-created&page=1");
  EXPECT_EQ(api->page({kNoHeaders, kReply, "1"})->next, "2");
  EXPECT_EQ(api->page({kNoHeaders, kReply, "2"})->next, "");
  EXPECT_EQ(api->page({kNoHeaders, R"({"data":[],"total":250})", "0"})->next, "");
  EXPECT_FALSE(api->page({kNoHeaders, R"({"data":1})"}).has_value());
}

TEST(MistralBatch, ItIsCancelledAndItsFilesAreDeleted) {
  const auto api = make_batch_api(endpoint_of("mistral"));
  const BatchCall cancel = api->cancel({.id = "j1"});
  EXPECT_EQ(cancel.method + " " + cancel.path, "POST /batch/jobs/j1/cancel");
  EXPECT_EQ(calls_text(api->clean_up({.input = "f1", .id = "j1", .results = "f2"})),
            "DELETE /files/f2\nDELETE /files/f1\n");
}

}  // namespace
}  // namespace sluice::codec
