// What the other batch APIs have of their own; that their clients understand them is in tests/sdk.
#include "tests/mock/batch_support.h"

namespace sluice::mock {
namespace {

using namespace std::chrono_literals;

json anthropic_requests(int count) {
  json requests = json::array();
  for (int i = 0; i < count; ++i) {
    requests.push_back(
        {{"custom_id", "n-" + std::to_string(i)},
         {"params",
          {{"model", "claude-haiku-4-5"},
           {"max_tokens", 50},
           {"messages", {{{"role", "user"}, {"content", "row " + std::to_string(i)}}}}}}});
  }
  return {{"requests", requests}};
}

TEST(AnthropicBatch, ShowsNoProgressUntilItHasEndedAndBillsNothingThatExpired) {
  Options options = batch_options();
  options.batch.faults.expire = 1;
  BatchMock mock(options);
  json batch = mock.post("/v1/messages/batches", anthropic_requests(100));
  const std::string at = "/v1/messages/batches/" + batch.at("id").get<std::string>();
  EXPECT_EQ(batch.at("expires_at"), "2026-01-02T00:00:00Z");
  mock.wait(23h);
  const json running = {
      {"processing", 100}, {"succeeded", 0}, {"errored", 0}, {"canceled", 0}, {"expired", 0}};
  EXPECT_EQ(mock.get(at).at("request_counts"), running);
  EXPECT_EQ(mock.call("GET", at + "/results").response.status, 404);
  mock.wait(1h);
  batch = mock.get(at);
  EXPECT_EQ(batch.at("processing_status"), "ended");
  EXPECT_EQ(batch.at("results_url"), "http://mock" + at + "/results");
  std::uint64_t succeeded = 0;
  std::uint64_t expired = 0;
  for (const json& line : mock.lines(at + "/results")) {
    succeeded += line.at("result").at("type") == "succeeded" ? 1 : 0;
    expired += line.at("result").at("type") == "expired" ? 1 : 0;
  }
  EXPECT_EQ(succeeded + expired, 100u);
  EXPECT_EQ(batch.at("request_counts").at("expired"), expired);
  EXPECT_GT(expired, 0u);
  EXPECT_EQ(mock.stats().batch.lines, succeeded);
}

TEST(AnthropicBatch, NamesTheBatchesByWhatItsIdsBeginWith) {
  BatchMock mock(batch_options());
  json requests = anthropic_requests(2);
  requests["requests"][0]["custom_id"] = "nonce-0";
  mock.post("/v1/messages/batches", requests);
  EXPECT_EQ(mock.stats().batch.by_label, (std::map<std::string, std::uint64_t>{{"nonce", 1}}));
}

TEST(AnthropicBatch, RefusesOneThatFindsNoRoom) {
  Options options = batch_options();
  options.batch.faults.queue_full = 1;
  BatchMock mock(options);
  const Decision made = mock.call("POST", "/v1/messages/batches", anthropic_requests(1).dump());
  EXPECT_EQ(made.response.status, 429);
  EXPECT_EQ(mock.stats().batch.created, 0u);
}

json gemini_inline(int count) {
  json requests = json::array();
  for (int i = 0; i < count; ++i) {
    requests.push_back({{"request", {{"contents", {{{"parts", {{{"text", "row"}}}}}}}}},
                        {"metadata", {{"key", std::to_string(i)}}}});
  }
  return {
      {"batch",
       {{"display_name", "nonce"}, {"input_config", {{"requests", {{"requests", requests}}}}}}}};
}
constexpr std::string_view kGeminiCreate = "/v1beta/models/gemini-2.5-flash:batchGenerateContent";

TEST(GeminiBatch, GivesTheResultsWithTheBatchInTheOrderOfTheRequests) {
  BatchMock mock(batch_options());
  json batch = mock.post(kGeminiCreate, gemini_inline(5));
  EXPECT_EQ(batch.at("metadata").at("state"), "BATCH_STATE_PENDING");
  EXPECT_FALSE(batch.contains("done"));
  mock.wait(100s);
  batch = mock.get("/v1beta/" + batch.at("name").get<std::string>());
  EXPECT_EQ(batch.at("done"), true);
  EXPECT_EQ(batch.at("metadata").at("batchStats").at("successfulRequestCount"), "5");
  const json& results = batch.at("response").at("inlinedResponses").at("inlinedResponses");
  ASSERT_EQ(results.size(), 5u);
  EXPECT_EQ(results,
            batch.at("metadata").at("output").at("inlinedResponses").at("inlinedResponses"));
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(results[i].at("metadata").at("key"), std::to_string(i));
    EXPECT_TRUE(results[i].at("response").contains("candidates"));
  }
}

TEST(GeminiBatch, GivesNothingOfWhatExpired) {
  Options options = batch_options();
  options.batch.faults.expire = 1;
  BatchMock mock(options);
  json batch = mock.post(kGeminiCreate, gemini_inline(50));
  mock.wait(48h);
  batch = mock.get("/v1beta/" + batch.at("name").get<std::string>());
  EXPECT_EQ(batch.at("metadata").at("state"), "BATCH_STATE_EXPIRED");
  EXPECT_EQ(batch.at("done"), true);
  EXPECT_FALSE(batch.contains("response"));
  EXPECT_EQ(batch.at("error").at("code"), 4);
  EXPECT_EQ(mock.stats().batch.lines, 0u);
  EXPECT_EQ(mock.stats().batch.lines_not_run, 50u);
}

TEST(GeminiFiles, TakeAnUploadInPartsAndRefuseOneThatDoesNotFollow) {
  BatchMock mock(batch_options());
  const Decision begun =
      mock.call("POST", "/upload/v1beta/files", R"({"file":{"display_name":"rows"}})",
                {{"x-goog-upload-protocol", "resumable"}, {"x-goog-upload-command", "start"}});
  const std::string address = header(begun, "x-goog-upload-url").substr(sizeof "http://mock" - 1);
  const auto part = [&](std::string_view command, std::string_view offset, std::string bytes) {
    return mock.call("POST", address, std::move(bytes),
                     {{"x-goog-upload-command", std::string(command)},
                      {"x-goog-upload-offset", std::string(offset)}});
  };
  EXPECT_EQ(header(part("upload", "0", "abc"), "x-goog-upload-status"), "active");
  EXPECT_EQ(part("upload", "2", "xx").response.status, 400);
  EXPECT_EQ(header(part("query", "0", ""), "x-goog-upload-size-received"), "3");
  const Decision last = part("upload, finalize", "3", "de");
  EXPECT_EQ(header(last, "x-goog-upload-status"), "final");
  const json file = json::parse(last.response.body).at("file");
  EXPECT_EQ(file.at("sizeBytes"), "5");
  EXPECT_EQ(file.at("displayName"), "rows");
  EXPECT_EQ(part("upload", "5", "x").response.status, 404);
}

json mistral_job(int count, const json& more = json::object()) {
  json requests = json::array();
  for (int i = 0; i < count; ++i) {
    requests.push_back({{"custom_id", std::to_string(i)},
                        {"body", {{"messages", {{{"role", "user"}, {"content", "row"}}}}}}});
  }
  json job = {{"endpoint", "/v1/chat/completions"},
              {"model", "mistral-small-latest"},
              {"requests", requests}};
  job.update(more);
  return job;
}

TEST(MistralBatch, EndsAtItsOwnTimeoutWithTheRestAmongTheErrors) {
  Options options = batch_options();
  options.batch.turnaround = 20h;
  BatchMock mock(options);
  json job = mock.post("/v1/batch/jobs", mistral_job(50, {{"timeout_hours", 10}}));
  const std::string at = "/v1/batch/jobs/" + job.at("id").get<std::string>();
  mock.wait(10h);
  job = mock.get(at + "?inline=true");
  EXPECT_EQ(job.at("status"), "TIMEOUT_EXCEEDED");
  const auto done = job.at("outputs").size();
  EXPECT_EQ(job.at("succeeded_requests"), done);
  const auto rest = mock.lines("/v1/files/" + job.at("error_file").get<std::string>() + "/content");
  EXPECT_EQ(done + rest.size(), 50u);
  EXPECT_TRUE(rest.at(0).at("response").is_null());
}

TEST(MistralBatch, IsFoundByItsMetadataAndState) {
  BatchMock mock(batch_options());
  const json job = mock.post("/v1/batch/jobs", mistral_job(1, {{"metadata", {{"sluice", "n 1"}}}}));
  mock.post("/v1/batch/jobs", mistral_job(1));
  const auto found = [&](const std::string& query) {
    return mock.get("/v1/batch/jobs?page=0&page_size=10" + query).at("total").get<int>();
  };
  EXPECT_EQ(found(""), 2);
  EXPECT_EQ(found("&sluice=n%201"), 1);
  EXPECT_EQ(found("&sluice=n2"), 0);
  EXPECT_EQ(found("&status=QUEUED&status=RUNNING"), 2);
  EXPECT_EQ(found("&status=SUCCESS"), 0);
  EXPECT_EQ(found("&created_after=2026-01-01T00%3A00%3A01.5Z"), 0);
  EXPECT_EQ(found("&model=mistral-small-latest"), 2);
}

TEST(BedrockBatch, HasWhatWasDoneInItsFileWhenItExpires) {
  Options options = batch_options();
  options.batch.buckets = {"jobs"};
  options.batch.faults.expire = 1;
  BatchMock mock(options);
  std::string lines;
  for (int i = 0; i < 200; ++i) {
    const json line = {
        {"recordId", std::to_string(i)},
        {"modelInput", {{"messages", {{{"role", "user"}, {"content", {{{"text", "row"}}}}}}}}}};
    lines += line.dump() + "\n";
  }
  mock.call("PUT", "/jobs/in/rows.jsonl", lines);
  const json order = {
      {"jobName", "j"},
      {"roleArn", "arn:aws:iam::1:role/r"},
      {"modelId", "us.amazon.nova-lite-v1:0"},
      {"clientRequestToken", "token-1"},
      {"timeoutDurationInHours", 48},
      {"inputDataConfig", {{"s3InputDataConfig", {{"s3Uri", "s3://jobs/in/rows.jsonl"}}}}},
      {"outputDataConfig", {{"s3OutputDataConfig", {{"s3Uri", "s3://jobs/out"}}}}}};
  const std::string arn = mock.post("/model-invocation-job", order).at("jobArn");
  EXPECT_EQ(mock.post("/model-invocation-job", order).at("jobArn"), arn);
  const std::string id = arn.substr(arn.rfind('/') + 1);
  mock.wait(48h);
  const json job = mock.get("/model-invocation-job/" + id);
  EXPECT_EQ(job.at("status"), "PartiallyCompleted");
  EXPECT_EQ(job.at("totalRecordCount"), 200);
  const auto results = mock.lines("/jobs/out/" + id + "/rows.jsonl.out");
  EXPECT_EQ(results.size(), job.at("successRecordCount").get<std::size_t>());
  EXPECT_GT(results.size(), 0u);
  EXPECT_LT(results.size(), 200u);
  const json manifest = mock.get("/jobs/out/" + id + "/manifest.json.out");
  EXPECT_EQ(manifest.at("processedRecordCount"), results.size());
  EXPECT_EQ(mock.stats().batch.created, 1u);
}

TEST(VertexBatch, SaysThatAPartIsDoneAndRefusesABucketThatIsNotServed) {
  Options options = batch_options();
  options.batch.buckets = {"jobs"};
  options.batch.faults.expire = 1;
  BatchMock mock(options);
  std::string lines;
  for (int i = 0; i < 100; ++i)
    lines += R"({"request":{"contents":[{"role":"user","parts":[{"text":"row"}]}]}})"
             "\n";
  mock.call("PUT", "/jobs/in.jsonl", lines);
  const auto create = [&](const char* to) {
    return mock.post(
        "/v1/projects/p/locations/l/batchPredictionJobs",
        {{"displayName", "nonce"},
         {"model", "publishers/google/models/gemini-2.5-flash"},
         {"inputConfig",
          {{"instancesFormat", "jsonl"}, {"gcsSource", {{"uris", {"gs://jobs/in.jsonl"}}}}}},
         {"outputConfig",
          {{"predictionsFormat", "jsonl"}, {"gcsDestination", {{"outputUriPrefix", to}}}}}});
  };
  json job = create("gs://jobs/out");
  mock.wait(96h);
  job = mock.get("/v1/" + job.at("name").get<std::string>());
  EXPECT_EQ(job.at("state"), "JOB_STATE_PARTIALLY_SUCCEEDED");
  const auto done = std::stoul(job.at("completionStats").at("successfulCount").get<std::string>());
  const std::string folder = job.at("outputInfo").at("gcsOutputDirectory");
  EXPECT_EQ(mock.lines(folder.substr(4) + "/predictions.jsonl").size(), done);
  const json refused = create("gs://others/out");
  EXPECT_EQ(refused.at("error").at("message"),
            "The mock has no bucket 'others': start it with --bucket others.");
}

// What comes as no client would send it must end in a refusal, and never in a crash.
TEST(BatchCalls, RefuseAnythingThatIsNotOne) {
  Options options = batch_options();
  options.batch.buckets = {"jobs"};
  BatchMock mock(options);
  mock.call("PUT", "/jobs/in.jsonl",
            "[]\n{}\nnull\n{\"request\":{},\"modelInput\":{},\"body\":{}}");
  const std::vector<std::string> bodies = {
      "",
      "null",
      "[]",
      "{",
      "{}",
      R"({"requests":[]})",
      R"({"requests":[1,null,{}]})",
      R"({"requests":[{"custom_id":"a","params":{}}]})",
      R"({"batch":{}})",
      R"({"batch":{"inputConfig":{"requests":{"requests":[{"request":{}}]}}}})",
      R"({"batch":{"inputConfig":{"fileName":"files/none"}}})",
      R"({"endpoint":"/v1/embeddings","input_files":[7]})",
      R"({"input_file_id":"none","endpoint":"/v1/responses","completion_window":"24h"})",
      R"({"displayName":"a","model":"publishers/x/models/y","inputConfig":{"instancesFormat":"jsonl",)"
      R"("gcsSource":{"uris":["gs://jobs/in.jsonl"]}},"outputConfig":{"predictionsFormat":"jsonl",)"
      R"("gcsDestination":{"outputUriPrefix":"gs://jobs/o"}}})",
      R"({"jobName":"a","roleArn":"r","modelId":"m","inputDataConfig":{"s3InputDataConfig":{"s3Uri":)"
      R"("s3://jobs/in.jsonl"}},"outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://jobs/o"}}})"};
  const std::vector<std::string> targets = {"/v1/files",
                                            "/v1/batches",
                                            "/v1/messages/batches",
                                            "/upload/v1beta/files",
                                            "/upload/v1beta/files?upload_id=1",
                                            "/v1beta/models/m:batchGenerateContent",
                                            "/v1beta/models/m:asyncBatchEmbedContent",
                                            "/v1/batch/jobs",
                                            "/v1/projects/p/locations/l/batchPredictionJobs",
                                            "/model-invocation-job",
                                            "/model-invocation-job/x/stop",
                                            "/jobs?uploads",
                                            "/jobs/k?uploadId=9"};
  for (const std::string& target : targets) {
    for (const std::string& body : bodies) {
      const Decision made = mock.call("POST", target, body);
      EXPECT_TRUE(made.response.status == 200 || made.response.status >= 400) << target << body;
      mock.wait(100h);
      EXPECT_EQ(mock.call("GET", target).response.status / 100 < 6, true);
    }
  }
  EXPECT_EQ(mock.stats().batch.running, 0u);
}

}  // namespace
}  // namespace sluice::mock
