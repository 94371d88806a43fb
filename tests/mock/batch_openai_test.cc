#include <set>

#include "mock/answerer.h"
#include "tests/mock/batch_openai_support.h"

namespace sluice::mock {
namespace {

using namespace std::chrono_literals;

TEST(OpenAiBatch, AnswersEachLineAsACallWouldAndBillsItAtHalfThePrice) {
  Options options = batch_options();
  options.price.input = core::Money::picodollars(100);
  options.price.output = core::Money::picodollars(1000);
  BatchMock mock(options);
  json batch = create(mock, 3, {{"sluice", "nonce-1"}});
  EXPECT_EQ(batch.at("status"), "validating");
  EXPECT_EQ(batch.at("request_counts").at("total"), 0);
  EXPECT_EQ(batch.at("created_at"), 1'767'225'600);
  EXPECT_EQ(batch.at("expires_at"), 1'767'225'600 + 86'400);
  mock.wait(50s);
  batch = mock.get(path(batch));
  EXPECT_EQ(batch.at("status"), "in_progress");
  EXPECT_EQ(batch.at("request_counts").at("total"), 3);
  EXPECT_TRUE(batch.at("output_file_id").is_null());
  mock.wait(49s);
  EXPECT_EQ(mock.get(path(batch)).at("status"), "finalizing");
  EXPECT_EQ(mock.stats().batch.lines, 0u);
  mock.wait(1s);
  batch = mock.get(path(batch));
  EXPECT_EQ(batch.at("status"), "completed");
  EXPECT_EQ(batch.at("completed_at"), 1'767'225'700);
  EXPECT_EQ(batch.at("request_counts"), json({{"total", 3}, {"completed", 3}, {"failed", 0}}));
  EXPECT_TRUE(batch.at("error_file_id").is_null());
  const std::vector<json> lines = mock.lines(content(batch.at("output_file_id")));
  ASSERT_EQ(lines.size(), 3u);
  std::uint64_t input = 0;
  std::uint64_t output = 0;
  for (int i = 0; i < 3; ++i) {
    const json& line = lines[static_cast<std::size_t>(i)];
    EXPECT_EQ(line.at("custom_id"), "n." + std::to_string(i));
    EXPECT_TRUE(line.at("error").is_null());
    EXPECT_EQ(line.at("response").at("status_code"), 200);
    const json& body = line.at("response").at("body");
    EXPECT_EQ(body.at("choices").at(0).at("message").at("content"),
              free_text_for("row " + std::to_string(i), 1));
    input += body.at("usage").at("prompt_tokens").get<std::uint64_t>();
    output += body.at("usage").at("completion_tokens").get<std::uint64_t>();
  }
  const Stats& stats = mock.stats();
  EXPECT_EQ(stats.input_tokens, input);
  EXPECT_EQ(stats.output_tokens, output);
  EXPECT_EQ(stats.rows, 3u);
  EXPECT_EQ(stats.requests, 0u);
  EXPECT_EQ(stats.cost.picodollars(), static_cast<std::int64_t>(input * 50 + output * 500));
  EXPECT_EQ(stats.batch.cost, stats.cost);
  EXPECT_EQ(stats.batch.lines, 3u);
  EXPECT_EQ(stats.batch.by_label.at("nonce-1"), 1u);
  EXPECT_EQ(stats.batch.by_end.at("completed"), 1u);
  EXPECT_EQ(stats.batch.running, 0u);
  EXPECT_EQ(stats.batch.enqueued_tokens, 0u);
  EXPECT_EQ(batch.at("usage").at("input_tokens"), input);
}

TEST(OpenAiBatch, ExpiresWithTheFinishedPartInOneFileAndTheRestInTheOther) {
  Options options = batch_options();
  options.batch.faults.expire = 1;
  BatchMock mock(options);
  json batch = create(mock, 200);
  mock.wait(24h - 1s);
  EXPECT_EQ(mock.get(path(batch)).at("status"), "in_progress");
  const auto running = mock.get(path(batch)).at("request_counts").at("completed").get<int>();
  mock.wait(1s);
  batch = mock.get(path(batch));
  EXPECT_EQ(batch.at("status"), "expired");
  EXPECT_EQ(batch.at("expired_at"), batch.at("expires_at"));
  const std::vector<json> done = mock.lines(content(batch.at("output_file_id")));
  const std::vector<json> rest = mock.lines(content(batch.at("error_file_id")));
  EXPECT_EQ(done.size() + rest.size(), 200u);
  EXPECT_EQ(static_cast<int>(done.size()), running);
  EXPECT_GT(done.size(), 20u);
  EXPECT_GT(rest.size(), 10u);
  for (const json& line : rest) {
    EXPECT_TRUE(line.at("response").is_null());
    EXPECT_EQ(line.at("error").at("code"), "batch_expired");
  }
  EXPECT_EQ(mock.stats().batch.lines, done.size());
  EXPECT_EQ(mock.stats().batch.lines_not_run, rest.size());
  EXPECT_EQ(mock.stats().answered, done.size());
}

TEST(OpenAiBatch, CancelsWithTheFinishedPartAndCannotBeCancelledWhenItIsOver) {
  BatchMock mock(batch_options());
  json batch = create(mock, 100);
  mock.wait(50s);
  EXPECT_EQ(mock.post(path(batch) + "/cancel", json::object()).at("status"), "cancelling");
  mock.wait(10s);
  batch = mock.get(path(batch));
  EXPECT_EQ(batch.at("status"), "cancelled");
  EXPECT_EQ(batch.at("cancelling_at"), 1'767'225'650);
  EXPECT_EQ(batch.at("cancelled_at"), 1'767'225'655);
  const auto done = mock.lines(content(batch.at("output_file_id"))).size();
  const auto rest = mock.lines(content(batch.at("error_file_id")));
  EXPECT_EQ(done + rest.size(), 100u);
  EXPECT_EQ(rest[0].at("error").at("code"), "batch_cancelled");
  EXPECT_EQ(mock.call("POST", path(batch) + "/cancel").response.status, 409);
}

TEST(OpenAiBatch, FailsWithTheLinesThatAreWrong) {
  BatchMock mock(batch_options());
  const json file =
      mock.upload(openai_line("a", "x") + "{not json\n" + openai_line("a", "y") +
                  R"({"custom_id":"b","method":"POST","url":"/v1/embeddings","body":{}})");
  json batch = mock.post("/v1/batches", {{"input_file_id", file.at("id")},
                                         {"endpoint", "/v1/chat/completions"},
                                         {"completion_window", "24h"}});
  EXPECT_EQ(batch.at("status"), "validating");
  mock.wait(2s);
  batch = mock.get(path(batch));
  EXPECT_EQ(batch.at("status"), "failed");
  std::vector<std::pair<std::string, int>> found;
  for (const json& mistake : batch.at("errors").at("data"))
    found.emplace_back(mistake.at("code"), mistake.at("line"));
  const std::vector<std::pair<std::string, int>> wanted = {
      {"invalid_json_line", 2}, {"duplicate_custom_id", 3}, {"invalid_url", 4}};
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(mock.stats().batch.by_end.at("failed"), 1u);
}

TEST(OpenAiBatch, PutsALineThatIsRefusedIntoTheErrorFile) {
  BatchMock mock(batch_options());
  json line = json::parse(openai_line("bad", "x"));
  line["body"]["surprise"] = 1;
  const json file = mock.upload(line.dump());
  json batch = mock.post("/v1/batches", {{"input_file_id", file.at("id")},
                                         {"endpoint", "/v1/chat/completions"},
                                         {"completion_window", "24h"}});
  mock.wait(100s);
  batch = mock.get(path(batch));
  EXPECT_EQ(batch.at("status"), "completed");
  EXPECT_TRUE(batch.at("output_file_id").is_null());
  const json failed = mock.lines(content(batch.at("error_file_id"))).at(0);
  EXPECT_EQ(failed.at("response").at("status_code"), 400);
  EXPECT_EQ(failed.at("response").at("body").at("error").at("code"), "unknown_parameter");
  EXPECT_EQ(batch.at("request_counts"), json({{"total", 1}, {"completed", 0}, {"failed", 1}}));
  EXPECT_EQ(mock.stats().batch.line_errors, 1u);
  EXPECT_EQ(mock.stats().answered, 0u);
}

TEST(OpenAiBatch, FailsABatchThatFindsNoRoomUntilOthersAreDone) {
  Options options = batch_options();
  options.batch.queue_tokens = 30;
  BatchMock mock(options);
  create(mock, 10);
  json second = create(mock, 10);
  mock.wait(2s);
  EXPECT_EQ(mock.stats().batch.enqueued_tokens, 20u);
  second = mock.get(path(second));
  EXPECT_EQ(second.at("status"), "failed");
  EXPECT_EQ(second.at("errors").at("data").at(0).at("code"), "token_limit_exceeded");
  mock.wait(98s);
  json third = create(mock, 10);
  mock.wait(100s);
  EXPECT_EQ(mock.get(path(third)).at("status"), "completed");
}

TEST(OpenAiBatch, ListsTheNewestFirstInPages) {
  BatchMock mock(batch_options());
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(create(mock, 1).at("id"));
  std::vector<std::string> seen;
  std::string after;
  for (bool more = true; more;) {
    const json page = mock.get("/v1/batches?limit=2" + after);
    for (const json& batch : page.at("data")) seen.push_back(batch.at("id"));
    more = page.at("has_more");
    after = "&after=" + page.at("last_id").get<std::string>();
  }
  EXPECT_EQ(seen, std::vector<std::string>(ids.rbegin(), ids.rend()));
  EXPECT_EQ(mock.get("/v1/files?purpose=batch").at("data").size(), 5u);
}

TEST(OpenAiBatch, KeepsFilesUntilTheyAreDeleted) {
  BatchMock mock(batch_options());
  const std::string text = openai_lines(2);
  const json file = mock.upload(text, "mine.jsonl");
  EXPECT_EQ(file.at("filename"), "mine.jsonl");
  EXPECT_EQ(file.at("bytes"), text.size());
  const std::string at = "/v1/files/" + file.at("id").get<std::string>();
  EXPECT_EQ(mock.get(at), file);
  EXPECT_EQ(mock.call("GET", at + "/content").response.body, text);
  EXPECT_EQ(json::parse(mock.call("DELETE", at).response.body).at("deleted"), true);
  EXPECT_EQ(mock.call("GET", at).response.status, 404);
  EXPECT_EQ(mock.upload(text, "mine.txt").at("error").at("code"), "invalid_file_format");
}

TEST(OpenAiBatch, LetsTimePassWhenItIsTold) {
  BatchMock mock(batch_options());
  const json batch = create(mock, 1);
  EXPECT_EQ(mock.call("POST", "/control", R"({"batch_seconds":100})").response.status, 200);
  EXPECT_EQ(mock.get(path(batch)).at("status"), "completed");
}

TEST(OpenAiBatch, NeverExpiresAtAzure) {
  Options options = batch_options();
  options.batch.turnaround = 30h;
  BatchMock mock(options);
  const json file = mock.upload(openai_lines(1), "a.jsonl", "/openai/v1");
  const Decision made = mock.call("POST", "/openai/v1/batches?api-version=preview",
                                  json({{"input_file_id", file.at("id")},
                                        {"endpoint", "/chat/completions"},
                                        {"completion_window", "24h"}})
                                      .dump());
  const json batch = json::parse(made.response.body);
  EXPECT_TRUE(batch.at("expires_at").is_null());
  mock.wait(30h);
  const Decision shown = mock.call(
      "GET", "/openai/v1/batches/" + batch.at("id").get<std::string>() + "?api-version=preview");
  EXPECT_EQ(json::parse(shown.response.body).at("status"), "completed");
}

TEST(OpenAiBatch, CountsUpAndNeverBackWhateverFails) {
  Options options = batch_options();
  options.batch.faults.line_error = 0.3;
  BatchMock mock(options);
  std::string text;
  for (int i = 0; i < 100; ++i) {
    json line = json::parse(openai_line("n." + std::to_string(i), "row"));
    if (i % 5 == 0) line["body"]["surprise"] = 1;
    text += line.dump() + (i % 7 == 0 ? "\n\n" : "\n");
  }
  json batch = mock.post("/v1/batches", {{"input_file_id", mock.upload(text).at("id")},
                                         {"endpoint", "/v1/chat/completions"},
                                         {"completion_window", "24h"}});
  int completed = 0;
  int failed = 0;
  for (int second = 0; second <= 100; ++second) {
    batch = mock.get(path(batch));
    const json& counts = batch.at("request_counts");
    EXPECT_GE(counts.at("completed").get<int>(), completed);
    EXPECT_GE(counts.at("failed").get<int>(), failed);
    completed = counts.at("completed");
    failed = counts.at("failed");
    if (second == 99) {
      EXPECT_EQ(completed + failed, 100);
    }
    mock.wait(1s);
  }
  EXPECT_EQ(batch.at("status"), "completed");
  EXPECT_GT(completed, 40);
  EXPECT_GT(failed, 25);
  EXPECT_EQ(mock.lines(content(batch.at("output_file_id"))).size(),
            static_cast<std::size_t>(completed));
}

}  // namespace
}  // namespace sluice::mock
