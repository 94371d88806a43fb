// What goes wrong with batches at the mock, as it is told to.
#include <set>

#include "tests/mock/batch_openai_support.h"

namespace sluice::mock {
namespace {

using namespace std::chrono_literals;

TEST(OpenAiBatchFaults, IsMadeThoughTheAnswerIsLostAndIsFoundInTheList) {
  Options options = batch_options();
  options.batch.faults.lose_create = 1;
  options.batch.unlisted = 5s;
  BatchMock mock(options);
  const json file = mock.upload(openai_lines(1));
  const Decision made = mock.call("POST", "/v1/batches",
                                  json({{"input_file_id", file.at("id")},
                                        {"endpoint", "/v1/chat/completions"},
                                        {"completion_window", "24h"},
                                        {"metadata", {{"sluice", "n"}}}})
                                      .dump());
  EXPECT_EQ(made.kind, Decision::Kind::reset);
  EXPECT_EQ(mock.get("/v1/batches").at("data").size(), 0u);
  mock.wait(5s);
  const json page = mock.get("/v1/batches");
  ASSERT_EQ(page.at("data").size(), 1u);
  EXPECT_EQ(page.at("data").at(0).at("metadata").at("sluice"), "n");
  EXPECT_EQ(mock.stats().batch.by_label.at("n"), 1u);
}

TEST(OpenAiBatchFaults, IsNotFoundAtFirstWhereThatIsWanted) {
  Options options = batch_options();
  options.batch.hidden_polls = 2;
  BatchMock mock(options);
  const json batch = create(mock, 1);
  EXPECT_EQ(mock.call("GET", path(batch)).response.status, 404);
  EXPECT_EQ(mock.call("GET", path(batch)).response.status, 404);
  EXPECT_EQ(mock.call("GET", path(batch)).response.status, 200);
}

TEST(OpenAiBatchFaults, SpoilsResultsAsItIsTold) {
  Options options = batch_options();
  options.batch.faults.drop_line = 0.1;
  options.batch.faults.double_line = 0.1;
  options.batch.faults.foreign_line = 0.1;
  options.batch.faults.null_response = 0.1;
  options.batch.faults.line_error = 0.1;
  options.batch.faults.shuffle = 1;
  options.batch.faults.body_text = 1;
  BatchMock mock(options);
  json batch = create(mock, 1000);
  mock.wait(100s);
  batch = mock.get(path(batch));
  std::vector<json> lines = mock.lines(content(batch.at("output_file_id")));
  for (const json& line : mock.lines(content(batch.at("error_file_id")))) {
    if (!line.at("response").is_null()) {
      EXPECT_EQ(line.at("response").at("status_code"), 500);
    }
    lines.push_back(line);
  }
  std::map<std::string, int> seen;
  int unknown = 0;
  int nulls = 0;
  int text = 0;
  for (const json& line : lines) {
    const std::string id = line.at("custom_id");
    if (id.find('-') != std::string::npos) ++unknown;
    ++seen[id];
    if (line.at("response").is_null()) {
      EXPECT_TRUE(line.at("error").is_null());
      ++nulls;
    } else {
      text += line.at("response").at("body").is_string() ? 1 : 0;
    }
  }
  const auto twice =
      std::count_if(seen.begin(), seen.end(), [](const auto& e) { return e.second == 2; });
  for (const auto share : {unknown, nulls, static_cast<int>(twice)}) {
    EXPECT_GT(share, 60);
    EXPECT_LT(share, 140);
  }
  EXPECT_EQ(text + nulls, static_cast<int>(lines.size()));
  const auto missing = 1000 - (static_cast<int>(seen.size()) - unknown) - unknown;
  EXPECT_GT(missing, 60);
  EXPECT_NE(lines.at(0).at("custom_id"), "n.0");
  EXPECT_GT(mock.stats().batch.line_errors, 60u);
}

TEST(OpenAiBatchFaults, MeetsTheSameFaultsInTheSameOrderOfCalls) {
  const auto once = [] {
    Options options = batch_options();
    options.batch.turnaround.reset();
    options.batch.regime = BatchRegime::mixed;
    options.batch.speed = 3600;
    options.batch.faults.call_error = 0.3;
    options.batch.faults.expire = 0.3;
    options.batch.faults.line_error = 0.1;
    BatchMock mock(options);
    std::string all;
    for (int i = 0; i < 20; ++i) {
      const json file = mock.upload(openai_lines(20));
      if (!file.contains("id")) continue;
      mock.post("/v1/batches", {{"input_file_id", file.at("id")},
                                {"endpoint", "/v1/chat/completions"},
                                {"completion_window", "24h"}});
      mock.wait(1s);
      all += mock.call("GET", "/v1/batches?limit=100").response.body;
    }
    return all;
  };
  EXPECT_EQ(once(), once());
}

TEST(OpenAiBatchFaults, LosesAnswersToUploadsAndCutsResultsAsItIsTold) {
  Options options = batch_options();
  options.batch.faults.lose_upload = 1;
  options.batch.faults.cut_results = 1;
  options.batch.file_delay = 1s;
  BatchMock mock(options);
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--b\r\n"
      "Content-Disposition: form-data; name=\"file\"; filename=\"nonce.jsonl\"\r\n\r\n" +
      openai_lines(1) + "\r\n--b--";
  EXPECT_EQ(
      mock.call("POST", "/v1/files", body, {{"content-type", "multipart/form-data; boundary=b"}})
          .kind,
      Decision::Kind::reset);
  const json file = mock.get("/v1/files").at("data").at(0);
  EXPECT_EQ(file.at("filename"), "nonce.jsonl");
  EXPECT_EQ(mock.call("GET", content(file.at("id"))).kind, Decision::Kind::respond_half);
  const json order = {{"input_file_id", file.at("id")},
                      {"endpoint", "/v1/chat/completions"},
                      {"completion_window", "24h"}};
  EXPECT_TRUE(mock.post("/v1/batches", order).contains("error"));
  mock.wait(1s);
  EXPECT_EQ(mock.post("/v1/batches", order).at("status"), "validating");
}

}  // namespace
}  // namespace sluice::mock
