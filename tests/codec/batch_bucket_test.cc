// Batch APIs whose files lie in a bucket, Vertex AI's and Bedrock's: calls out, meaning in.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "batch_testing.h"

namespace sluice::codec {
namespace {

using namespace batch_testing;
using testing::ElementsAre;
using testing::HasSubstr;

provider::EndpointSpec vertex_endpoint(const std::string& model = "gemini-2.5-flash") {
  auto endpoint = endpoint_of("vertex");
  endpoint.project = "p";
  endpoint.region = "us-east1";
  endpoint.model = model;
  endpoint.batch_bucket = "gs://b/f/";
  return endpoint;
}

provider::EndpointSpec bedrock_endpoint(const std::string& base_url = "") {
  auto endpoint = endpoint_of("bedrock", base_url);
  endpoint.model = "us.amazon.nova-lite-v1:0";
  endpoint.batch_bucket = "s3://b";
  endpoint.batch_role = "arn:aws:iam::123456789012:role/r";
  return endpoint;
}

TEST(VertexBatch, AJobIsMadeOfAFileInTheBucket) {
  const auto api = make_batch_api(vertex_endpoint());
  ASSERT_NE(api, nullptr);
  EXPECT_EQ(api->item("n1-0", R"({"contents":[]})"),
            R"({"request":{"labels":{"sluice_id":"n1-0"},"contents":[]}})");
  EXPECT_EQ(api->uploads(), 0);
  const BatchJob job{.nonce = "n1"};
  EXPECT_EQ(api->place_of_file(job), "gs://b/f/sluice-n1/requests.jsonl");
  const BatchCall create = api->create(job);
  EXPECT_EQ(create.path, "/projects/p/locations/us-east1/batchPredictionJobs");
  EXPECT_FALSE(create.body.file);
  EXPECT_EQ(
      create.body.before,
      R"({"displayName":"n1","model":"publishers/google/models/gemini-2.5-flash",)"
      R"("inputConfig":{"instancesFormat":"jsonl","gcsSource":{"uris":)"
      R"(["gs://b/f/sluice-n1/requests.jsonl"]}},"outputConfig":{"predictionsFormat":"jsonl",)"
      R"("gcsDestination":{"outputUriPrefix":"gs://b/f/sluice-n1/results/"}}})");
}

TEST(VertexBatch, ItsStatesAreReadAndItsResultsLieInTheBucketAlone) {
  const auto api = make_batch_api(vertex_endpoint());
  const BatchStatus ended = read_status(
      *api, R"({"name":"projects/1/locations/us-east1/batchPredictionJobs/7","displayName":"n1",
      "state":"JOB_STATE_PARTIALLY_SUCCEEDED","createTime":"2026-09-21T14:13:20Z",
      "completionStats":{"successfulCount":"7","failedCount":"2","incompleteCount":"1"},
      "outputInfo":{"gcsOutputDirectory":"gs://b/f/sluice-n1/results/prediction-1"}})");
  EXPECT_TRUE(ended.ended);
  EXPECT_FALSE(ended.refused);
  EXPECT_EQ(ended.done, 7U);
  EXPECT_EQ(ended.failed, 2U);
  EXPECT_EQ(ended.total, 10U);
  EXPECT_EQ(ended.nonce, "n1");
  BatchJob job{.nonce = "n1", .id = ended.id, .results = ended.results};
  EXPECT_THAT(api->places_of_results(job), ElementsAre("gs://b/f/sluice-n1/results/prediction-1/"));
  job.results = "gs://another/results";
  EXPECT_THAT(api->places_of_results(job), ElementsAre("gs://b/f/sluice-n1/results/"));
  EXPECT_EQ(api->poll(job).path, "/projects/1/locations/us-east1/batchPredictionJobs/7");
  EXPECT_EQ(api->cancel(job).path, api->poll(job).path + ":cancel");
  EXPECT_EQ(calls_text(api->clean_up(job)),
            "DELETE /projects/1/locations/us-east1/batchPredictionJobs/7\n");
  EXPECT_TRUE(api->downloads(job).empty());
  for (const char* state : {"QUEUED", "PENDING", "RUNNING", "CANCELLING", "PAUSED", "UPDATING"})
    EXPECT_FALSE(
        read_status(*api, fmt::format(R"({{"name":"projects/1","state":"JOB_STATE_{}"}})", state))
            .ended);
  const BatchStatus failed = read_status(*api, R"({"name":"projects/1","state":"JOB_STATE_FAILED",
      "error":{"code":8,"message":"too many"}})");
  EXPECT_TRUE(failed.refused);
  EXPECT_TRUE(failed.no_room);
  EXPECT_EQ(failed.problem, "too many");
  EXPECT_FALSE(api->status({kNoHeaders, "{}"}).has_value());
}

TEST(VertexBatch, ALineIsNamedByItsRequestsLabel) {
  const auto endpoint = vertex_endpoint();
  const auto api = make_batch_api(endpoint);
  const BatchLine good = read_line(
      *api, R"({"status":"","processed_time":"t","request":{"labels":{"sluice_id":"n1-7"}},
      "response":{"candidates":[{"content":{"parts":[{"text":"yes"}]},"finishReason":"STOP"}]}})");
  EXPECT_EQ(good.custom_id, "n1-7");
  EXPECT_EQ(good.kind, BatchLine::Kind::reply);
  EXPECT_EQ(make_codec(endpoint)->read(good.status, {}, good.body, core::WallTime()).text, "yes");
  const BatchLine bad = read_line(
      *api, R"({"status":"Bad Request: {\"error\": {\"code\": 400, \"message\": \"no role\"}}",
      "request":{"labels":{"sluice_id":"n1-8"}},"response":{}})");
  EXPECT_EQ(bad.kind, BatchLine::Kind::reply);
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.body, R"({"error":{"code":400,"message":"no role"}})");
  const BatchLine other =
      read_line(*api, R"({"status":"Internal","request":{"labels":{"sluice_id":"a"}}})");
  EXPECT_EQ(other.kind, BatchLine::Kind::failed);
  EXPECT_EQ(other.problem, "Internal");
  EXPECT_FALSE(api->line(R"({"status":"","request":{},"response":{}})").has_value());
}

TEST(VertexBatch, ClaudesLinesHaveAName) {
  const auto api = make_batch_api(vertex_endpoint("claude-haiku-4-5@20251001"));
  ASSERT_NE(api, nullptr);
  EXPECT_EQ(api->item("n1-0", R"({"messages":[]})"),
            R"({"custom_id":"n1-0","request":{"messages":[]}})");
  EXPECT_THAT(api->create({.nonce = "n1"}).body.before,
              HasSubstr(R"("model":"publishers/anthropic/models/claude-haiku-4-5@20251001")"));
  EXPECT_EQ(
      read_line(*api, R"({"custom_id":"n1-0","request":{},"response":{"a":1},"status":""})").body,
      R"({"a":1})");
}

TEST(VertexBatch, ItIsFoundByItsName) {
  const auto api = make_batch_api(vertex_endpoint());
  EXPECT_EQ(api->list({.nonce = "n1"}, "").path,
            "/projects/p/locations/us-east1/batchPredictionJobs?pageSize=100&filter="
            "display_name%3D%22n1%22");
  const auto page = api->page({kNoHeaders, R"({"batchPredictionJobs":[{"name":"projects/1",
      "displayName":"n1"}],"nextPageToken":"t"})"});
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->batches.at(0).nonce, "n1");
  EXPECT_THAT(api->list({.nonce = "n1"}, page->next).path, HasSubstr("&pageToken=t"));
  EXPECT_TRUE(api->page({kNoHeaders, "{}"})->batches.empty());
}

TEST(VertexBatch, WhatItNeedsIsAskedFor) {
  auto endpoint = vertex_endpoint();
  const auto& profile = *endpoint.provider.profile;
  EXPECT_TRUE(profile.address(endpoint).has_value());
  endpoint.batch_bucket = "s3://b";
  EXPECT_THAT(profile.address(endpoint).error().message, HasSubstr("not the name of a bucket"));
  EXPECT_EQ(make_batch_api(endpoint), nullptr);
  endpoint.batch_bucket = "";
  EXPECT_THAT(profile.address(endpoint).error().message,
              HasSubstr("missing option 'batch_bucket'"));
  endpoint.batch = false;
  EXPECT_TRUE(profile.address(endpoint).has_value());
  EXPECT_EQ(make_batch_api(vertex_endpoint("endpoints/123")), nullptr);
}

TEST(BedrockBatch, ItsTokenMakesOneJobOfIt) {
  const auto api = make_batch_api(bedrock_endpoint());
  ASSERT_NE(api, nullptr);
  EXPECT_EQ(api->item("n1-0", R"({"messages":[]})"),
            R"({"recordId":"n1-0","modelInput":{"messages":[]}})");
  EXPECT_TRUE(api->creates_once());
  EXPECT_EQ(api->limits().least, 100U);
  const BatchJob job{.nonce = "n1"};
  EXPECT_EQ(api->place_of_file(job), "s3://b/sluice-n1/requests.jsonl");
  EXPECT_THAT(api->places_of_results(job), ElementsAre("s3://b/sluice-n1/results/"));
  const BatchCall create = api->create(job);
  EXPECT_EQ(create.path, "https://bedrock.us-east-1.amazonaws.com/model-invocation-job")
      << "not the runtime's host";
  EXPECT_EQ(
      create.body.before,
      R"({"jobName":"sluice-n1","roleArn":"arn:aws:iam::123456789012:role/r",)"
      R"("clientRequestToken":"n1","modelId":"us.amazon.nova-lite-v1:0","modelInvocationType":"Converse",)"
      R"("inputDataConfig":{"s3InputDataConfig":{"s3InputFormat":"JSONL","s3Uri":"s3://b/sluice-n1/requests.jsonl"}},)"
      R"("outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://b/sluice-n1/results/"}},)"
      R"("timeoutDurationInHours":24})");
  EXPECT_EQ(make_batch_api(bedrock_endpoint("http://127.0.0.1:9"))->create(job).path,
            "/model-invocation-job");
}

TEST(BedrockBatch, ItsStatesAndCountsAreRead) {
  const auto api = make_batch_api(bedrock_endpoint());
  constexpr std::string_view kArn =
      "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/a1";
  const BatchStatus created = read_status(*api, fmt::format(R"({{"jobArn":"{}"}})", kArn));
  EXPECT_EQ(created.id, kArn);
  EXPECT_FALSE(created.ended);
  const BatchStatus ended = read_status(
      *api, fmt::format(R"({{"jobArn":"{}","status":"PartiallyCompleted","clientRequestToken":"n1",
      "submitTime":"2026-09-21T14:13:20Z","totalRecordCount":10,"processedRecordCount":8,
      "successRecordCount":7,"errorRecordCount":1}})",
                        kArn));
  EXPECT_TRUE(ended.ended);
  EXPECT_EQ(ended.word, "partiallycompleted");
  EXPECT_EQ(ended.done, 7U);
  EXPECT_EQ(ended.failed, 1U);
  EXPECT_EQ(ended.total, 10U);
  EXPECT_EQ(ended.nonce, "n1");
  EXPECT_TRUE(ended.created);
  for (const char* word :
       {"Submitted", "Validating", "Scheduled", "InProgress", "Stopping", "WhatIsNew"})
    EXPECT_FALSE(read_status(*api, fmt::format(R"({{"jobArn":"a","status":"{}"}})", word)).ended);
  const BatchStatus failed =
      read_status(*api, R"({"jobArn":"a","status":"Failed","message":"fewer than 100 records"})");
  EXPECT_TRUE(failed.refused);
  EXPECT_EQ(failed.problem, "fewer than 100 records");
  EXPECT_EQ(api->cancel({.id = created.id}).path,
            "https://bedrock.us-east-1.amazonaws.com/model-invocation-job/"
            "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Amodel-invocation-job%2Fa1/stop");
}

TEST(BedrockBatch, EveryKindOfLineIsRead) {
  const auto endpoint = bedrock_endpoint();
  const auto api = make_batch_api(endpoint);
  const auto codec = make_codec(endpoint);
  const BatchLine good = read_line(
      *api,
      R"({"recordId":"n1-7","modelInput":{},"modelOutput":{"output":{"message":{"content":[{"text":"yes"}]}},
      "stopReason":"end_turn","usage":{"inputTokens":9,"outputTokens":2}}})");
  EXPECT_EQ(good.custom_id, "n1-7");
  EXPECT_EQ(codec->read(good.status, {}, good.body, core::WallTime()).text, "yes");
  const BatchLine bad = read_line(
      *api, R"({"recordId":"a","error":{"errorCode":400,"errorMessage":"input is too long"}})");
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(codec->read(bad.status, {}, bad.body, core::WallTime()).outcome.cause,
            provider::Cause::too_large);
  EXPECT_EQ(read_line(*api, R"({"recordId":"a"})").kind, BatchLine::Kind::failed);
  EXPECT_FALSE(api->line(R"({"totalRecordCount":10})").has_value()) << "the manifest";
}

TEST(BedrockBatch, WhatItNeedsIsAskedFor) {
  auto endpoint = bedrock_endpoint();
  const auto& profile = *endpoint.provider.profile;
  endpoint.region = "us-east-1";
  EXPECT_TRUE(profile.address(endpoint).has_value());
  endpoint.batch_role = "";
  EXPECT_THAT(profile.address(endpoint).error().message, HasSubstr("missing option 'batch_role'"));
  EXPECT_EQ(make_batch_api(endpoint), nullptr);
}

}  // namespace
}  // namespace sluice::codec
