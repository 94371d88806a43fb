// Batch APIs whose results come in pages, xAI's and OpenRouter's: calls out, meaning in.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "batch_testing.h"

namespace sluice::codec {
namespace {

using namespace batch_testing;

TEST(XaiBatch, ABatchIsMadeOfAnUploadedFile) {
  const auto api = make_batch_api(endpoint_of("xai"));
  ASSERT_NE(api, nullptr);
  EXPECT_EQ(
      api->item("n1-0", R"({"model":"m"})"),
      R"({"custom_id":"n1-0","method":"POST","url":"/v1/chat/completions","body":{"model":"m"}})");
  const BatchCall upload = api->upload({.nonce = "n1"}, 0);
  EXPECT_EQ(upload.path, "/files");
  EXPECT_EQ(upload.body.before.find("purpose"), std::string::npos);
  EXPECT_NE(upload.body.before.find("filename=\"sluice-n1.jsonl\""), std::string::npos);
  const BatchCall create = api->create({.nonce = "n1", .input = "file-1"});
  EXPECT_EQ(create.path, "/batches");
  EXPECT_EQ(create.body.before, R"({"name":"n1","input_file_id":"file-1"})");
  EXPECT_EQ(api->cancel({.id = "b"}).path, "/batches/b:cancel");
  EXPECT_EQ(calls_text(api->clean_up({.input = "file-1", .id = "b", .results = "b"})),
            "DELETE /files/file-1\n");
}

TEST(XaiBatch, HowItStandsFollowsFromItsCounts) {
  const auto api = make_batch_api(endpoint_of("xai"));
  const auto with = [&](const char* counts, const char* more = "") {
    return read_status(*api, fmt::format(R"({{"batch_id":"b","name":"n1","create_time":"2026-09-23",
        "input_file_id":"file-1","state":{{{}}}{}}})",
                                         counts, more));
  };
  const BatchStatus unread =
      with(R"("num_requests":0,"num_pending":0,"num_success":0,"num_error":0,"num_cancelled":0)");
  EXPECT_FALSE(unread.ended) << "its file is not read yet";
  EXPECT_EQ(unread.nonce, "n1");
  EXPECT_EQ(unread.input, "file-1");
  EXPECT_FALSE(unread.created) << "a day is too coarse";
  EXPECT_FALSE(with(R"("num_requests":4,"num_pending":1,"num_success":3)").ended);
  const BatchStatus ended =
      with(R"("num_requests":4,"num_pending":0,"num_success":2,"num_error":1,"num_cancelled":1)");
  EXPECT_TRUE(ended.ended);
  EXPECT_FALSE(ended.refused);
  EXPECT_EQ(ended.done, 2U);
  EXPECT_EQ(ended.failed, 2U);
  EXPECT_EQ(ended.total, 4U);
  EXPECT_EQ(calls_text(api->downloads({.results = ended.results})),
            "GET /batches/b/results?limit=100\n");
  const BatchStatus refused =
      with(R"("num_requests":0,"num_pending":0)",
           R"(,"cancel_time":"2026-09-27","cancel_by_xai_message":"m is not supported")");
  EXPECT_TRUE(refused.refused);
  EXPECT_EQ(refused.problem, "m is not supported");
  const BatchStatus cancelled =
      with(R"("num_requests":0,"num_pending":0)", R"(,"cancel_time":"2026-09-27")");
  EXPECT_TRUE(cancelled.ended);
  EXPECT_FALSE(cancelled.refused);
}

TEST(XaiBatch, ThePagesOfItsResultsAreFollowed) {
  const auto endpoint = endpoint_of("xai");
  const auto api = make_batch_api(endpoint);
  ASSERT_TRUE(api->results_in_pages());
  const BatchJob job{.id = "b", .results = "b"};
  const auto page = api->result_page(
      job, {kNoHeaders, R"({"results":[{"batch_request_id":"n1-0","batch_result":{"response":
      {"chat_get_completion":{"choices":[{"message":{"content":"yes"},"finish_reason":"stop"}]}}}},
      {"batch_request_id":"n1-1","batch_result":{"error":{"code":3,"message":"boom"}}},
      {"batch_request_id":"n1-2","error_message":"lost"}],"pagination_token":"n1-2"})"});
  ASSERT_TRUE(page.has_value());
  ASSERT_EQ(page->lines.size(), 3U);
  ASSERT_TRUE(page->next);
  EXPECT_EQ(page->next->path, "/batches/b/results?limit=100&pagination_token=n1-2");
  const BatchLine good = read_line(*api, page->lines[0]);
  EXPECT_EQ(good.custom_id, "n1-0");
  EXPECT_EQ(make_codec(endpoint)->read(good.status, {}, good.body, core::WallTime()).text, "yes");
  EXPECT_EQ(read_line(*api, page->lines[1]).status, 400);
  EXPECT_EQ(read_line(*api, page->lines[2]).kind, BatchLine::Kind::failed);
  EXPECT_EQ(read_line(*api, page->lines[2]).problem, "lost");
  EXPECT_FALSE(
      api->result_page(job, {kNoHeaders, R"({"results":[],"pagination_token":null})"})->next);
  EXPECT_FALSE(api->result_page(job, {kNoHeaders, "{}"}).has_value());
}

TEST(XaiBatch, AllPagesOfTheListAreRead) {
  const auto api = make_batch_api(endpoint_of("xai"));
  const auto page = api->page(
      {kNoHeaders, R"({"batches":[{"batch_id":"b","name":"n1"}],"pagination_token":"t"})"});
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->batches.at(0).nonce, "n1");
  EXPECT_EQ(api->list({}, page->next).path, "/batches?limit=100&pagination_token=t");
  EXPECT_FALSE(api->page({kNoHeaders, "{}"}).has_value());
}

TEST(OpenRouterBatch, TheModelStandsBeforeTheRequests) {
  const auto api = make_batch_api(endpoint_of("openrouter"));
  ASSERT_NE(api, nullptr);
  EXPECT_EQ(api->item("n1-0", R"({"model":"m"})"), R"({"custom_id":"n1-0","body":{"model":"m"}})");
  EXPECT_EQ(api->uploads(), 0);
  const BatchCall create = api->create({.nonce = "n1"});
  EXPECT_EQ(create.path, "/batches");
  EXPECT_EQ(create.body.before, R"({"endpoint":"/v1/chat/completions","model":"m","requests":[)");
  EXPECT_TRUE(create.body.file);
  EXPECT_EQ(create.body.after, "]}");
  EXPECT_EQ(api->limits().requests, 5'000U);
}

TEST(OpenRouterBatch, ItsStatesAndPagesAreRead) {
  const auto api = make_batch_api(endpoint_of("openrouter"));
  const BatchStatus made =
      read_status(*api, R"({"id":"b","status":"validating","created_at":1790000000,"results":null,
      "request_counts":{"total":3,"completed":0,"failed":0}})");
  EXPECT_FALSE(made.ended);
  EXPECT_EQ(made.total, 3U);
  EXPECT_TRUE(made.created);
  EXPECT_EQ(made.nonce, "");
  const BatchStatus failed = read_status(
      *api, R"({"id":"b","status":"failed","error":{"message":"custom_id n1-0: no messages"},
      "request_counts":{"total":3,"completed":0,"failed":3}})");
  EXPECT_TRUE(failed.refused);
  EXPECT_EQ(failed.problem, "custom_id n1-0: no messages");
  EXPECT_TRUE(api->downloads({.results = failed.results}).empty());
  const BatchStatus ended = read_status(*api, R"({"id":"b","status":"completed"})");
  const BatchJob job{.id = "b", .results = ended.results};
  EXPECT_EQ(calls_text(api->downloads(job)), "GET /batches/b/results?limit=500\n");
  const auto page =
      api->result_page(job, {kNoHeaders, R"({"object":"list","data":[{"id":"r","custom_id":"n1-0",
      "response":{"status_code":200,"body":{"choices":[1]}},"error":null}],"has_more":true,"next_cursor":"c="})"});
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(read_line(*api, page->lines.at(0)).body, R"({"choices":[1]})");
  EXPECT_EQ(page->next->path, "/batches/b/results?limit=500&cursor=c%3D");
  EXPECT_FALSE(
      api->result_page(job, {kNoHeaders, R"({"data":[],"has_more":false,"next_cursor":null})"})
          ->next);
  EXPECT_EQ(calls_text(api->clean_up(job)), "DELETE /batches/b\n");
}

TEST(OpenRouterBatch, ItsListIsFollowedByTheLastId) {
  const auto api = make_batch_api(endpoint_of("openrouter"));
  const auto page =
      api->page({kNoHeaders,
                 R"({"data":[{"id":"b2","status":"completed"}],"has_more":true,"last_id":"b2"})"});
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(api->list({}, page->next).path, "/batches?limit=100&after=b2");
}

}  // namespace
}  // namespace sluice::codec
