// Anthropic's Message Batches: calls out, meaning in.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "batch_testing.h"

namespace sluice::codec {
namespace {

using namespace batch_testing;

TEST(AnthropicBatch, TheRequestsStandInTheCallThatMakesIt) {
  const auto api = make_batch_api(endpoint_of("anthropic"));
  ASSERT_NE(api, nullptr);
  EXPECT_EQ(api->item("n1-0", R"({"model":"m"})"),
            R"({"custom_id":"n1-0","params":{"model":"m"}})");
  EXPECT_EQ(api->between_items(), ",");
  EXPECT_EQ(api->uploads(), 0);
  EXPECT_FALSE(api->creates_once());
  const BatchCall create = api->create({.nonce = "n1"});
  EXPECT_EQ(create.method, "POST");
  EXPECT_EQ(create.path, "/messages/batches");
  EXPECT_EQ(create.body.before, R"({"requests":[)");
  EXPECT_TRUE(create.body.file);
  EXPECT_EQ(create.body.after, "]}");
  EXPECT_EQ(header_of(create, "anthropic-version"), "") << "it is among the codec's headers";
  EXPECT_EQ(api->limits().requests, 100'000U);
  EXPECT_EQ(make_batch_api(endpoint_of("anthropic", "http://127.0.0.1:1"))->create({}).path,
            "/v1/messages/batches");
  auto fast = endpoint_of("anthropic");
  fast.service_tier = "fast";
  EXPECT_EQ(make_batch_api(fast), nullptr);
}

TEST(AnthropicBatch, ItsCountOfRequestsIsTheSumOfItsCounts) {
  const auto api = make_batch_api(endpoint_of("anthropic"));
  const BatchStatus running = read_status(
      *api,
      R"({"id":"msgbatch_1","type":"message_batch","processing_status":"in_progress","created_at":"2026-09-21T14:13:20Z",
      "request_counts":{"processing":10,"succeeded":0,"errored":0,"canceled":0,"expired":0},"results_url":null})");
  EXPECT_FALSE(running.ended);
  EXPECT_EQ(running.total, 10U);
  EXPECT_EQ(running.created->time_since_epoch(), std::chrono::seconds(1'790'000'000));
  EXPECT_EQ(running.nonce, "");
  EXPECT_EQ(running.results, "");
  const BatchStatus ended = read_status(
      *api,
      R"({"id":"msgbatch_1","processing_status":"ended","results_url":"https://evil.example/x","archived_at":null,
      "request_counts":{"processing":0,"succeeded":6,"errored":1,"canceled":1,"expired":2}})");
  EXPECT_TRUE(ended.ended);
  EXPECT_EQ(ended.total, 10U);
  EXPECT_EQ(ended.done, 6U);
  EXPECT_EQ(ended.failed, 4U);
  const auto downloads = api->downloads({.id = "msgbatch_1", .results = ended.results});
  ASSERT_EQ(downloads.size(), 1U);
  EXPECT_EQ(downloads[0].path, "/messages/batches/msgbatch_1/results")
      << "at no host that a reply names";
  const BatchStatus archived = read_status(
      *api,
      R"({"id":"b","processing_status":"ended","archived_at":"2026-10-21T14:13:20Z","results_url":null})");
  EXPECT_TRUE(api->downloads({.id = "b", .results = archived.results}).empty());
  EXPECT_NE(archived.problem, "");
  EXPECT_FALSE(read_status(*api, R"({"id":"b","processing_status":"canceling"})").ended);
  EXPECT_FALSE(api->status({kNoHeaders, R"({"processing_status":"ended"})"}).has_value());
}

TEST(AnthropicBatch, EveryKindOfResultIsRead) {
  const auto endpoint = endpoint_of("anthropic");
  const auto api = make_batch_api(endpoint);
  const BatchLine good = read_line(
      *api,
      R"({"custom_id":"n1-7","result":{"type":"succeeded","message":{"content":[{"type":"text","text":"yes"}],
      "usage":{"input_tokens":9,"output_tokens":2,"service_tier":"batch"}}}})");
  EXPECT_EQ(good.kind, BatchLine::Kind::reply);
  EXPECT_EQ(good.custom_id, "n1-7");
  const auto codec = make_codec(endpoint);
  const provider::Reply reply = codec->read(good.status, {}, good.body, core::WallTime());
  EXPECT_EQ(reply.text, "yes");
  EXPECT_EQ(reply.outcome.tier, provider::Tier::batch);

  const BatchLine refused =
      read_line(*api,
                R"({"custom_id":"n1-8","result":{"type":"errored","error":{"type":"error","error":
      {"type":"invalid_request_error","message":"prompt is too long"},"request_id":null}}})");
  EXPECT_EQ(refused.kind, BatchLine::Kind::reply);
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(codec->read(refused.status, {}, refused.body, core::WallTime()).outcome.action,
            provider::Action::none);
  for (const auto& [type, status] :
       {std::pair("rate_limit_error", 429), std::pair("overloaded_error", 529),
        std::pair("api_error", 500), std::pair("what_is_new", 500)})
    EXPECT_EQ(read_line(*api, fmt::format(R"({{"custom_id":"a","result":{{"type":"errored","error":
              {{"type":"error","error":{{"type":"{}","message":"m"}}}}}}}})",
                                          type))
                  .status,
              status)
        << type;
  for (const char* type : {"canceled", "expired"})
    EXPECT_EQ(
        read_line(*api, fmt::format(R"({{"custom_id":"a","result":{{"type":"{}"}}}})", type)).kind,
        BatchLine::Kind::not_run);
  EXPECT_EQ(read_line(*api, R"({"custom_id":"a","result":{"type":"succeeded"}})").kind,
            BatchLine::Kind::failed);
  EXPECT_EQ(read_line(*api, R"({"custom_id":"a"})").kind, BatchLine::Kind::failed);
  EXPECT_FALSE(api->line(R"({"result":{"type":"expired"}})").has_value());
}

TEST(AnthropicBatch, ItsListIsFollowedByTheLastId) {
  const auto api = make_batch_api(endpoint_of("anthropic"));
  EXPECT_EQ(api->list({}, "").path, "/messages/batches?limit=100");
  const auto page = api->page(
      {kNoHeaders,
       R"({"data":[{"id":"b2","processing_status":"ended"}],"has_more":true,"last_id":"b2"})"});
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(api->list({}, page->next).path, "/messages/batches?limit=100&after_id=b2");
  EXPECT_EQ(api->page({kNoHeaders, R"({"data":[],"has_more":true})"})->next, "");
  EXPECT_FALSE(api->page({kNoHeaders, "[]"}).has_value());
}

TEST(AnthropicBatch, ItIsCancelledAndDeleted) {
  const auto api = make_batch_api(endpoint_of("anthropic"));
  const BatchCall cancel = api->cancel({.id = "b"});
  EXPECT_EQ(cancel.method + " " + cancel.path, "POST /messages/batches/b/cancel");
  EXPECT_EQ(calls_text(api->clean_up({.id = "b"})), "DELETE /messages/batches/b\n");
  EXPECT_EQ(calls_text(api->clean_up({.nonce = "n"})), "");
}

}  // namespace
}  // namespace sluice::codec
