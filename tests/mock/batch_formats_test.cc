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

}  // namespace
}  // namespace sluice::mock
