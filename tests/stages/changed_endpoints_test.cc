// Which rejects are asked again because their endpoints have changed.
#include "inspect/changed_endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/endpoint_options.h"

namespace sluice::inspect {
namespace {

using testing::ElementsAre;

provider::EndpointSpec endpoint(const std::string& name) {
  provider::EndpointSpec spec;
  spec.name = name;
  spec.base_url = "http://localhost/v1";
  spec.model = "m";
  return spec;
}

std::string reject(const std::string& stage, const std::string& history) {
  return R"({"key":1,"stage":")" + stage + R"(","reason":"r","detail":"d","history":[)" + history +
         R"(],"row":{}})";
}

TEST(ChangedEndpoints, AreThoseWithOtherOptionsAndThoseThatAreGone) {
  stages::PipelineSpec spec;
  spec.dispatch.endpoints = {endpoint("same"), endpoint("other"), endpoint("unknown")};
  store::Account account;
  for (const char* name : {"same", "other", "gone"}) {
    store::EndpointLedger ledger;
    ledger.name = name;
    ledger.options = stages::options_of(endpoint(name));
    account.endpoints.push_back(ledger);
  }
  account.endpoints.emplace_back().name = "unknown";
  spec.dispatch.endpoints[1].timeout = std::chrono::seconds(5);
  EXPECT_THAT(changed_endpoints(account, spec), ElementsAre("other", "gone"));
}

TEST(ChangedEndpoints, TheirOptionsAreNotTheKeyThePriceOrTheWeight) {
  const std::string before = stages::options_of(endpoint("e"));
  const auto after = [](auto change) {
    provider::EndpointSpec spec = endpoint("e");
    change(spec);
    return stages::options_of(spec);
  };
  EXPECT_EQ(before, after([](auto& e) { e.key = core::Secret("k"); }));
  EXPECT_EQ(before, after([](auto& e) { e.weight = 2; }));
  EXPECT_EQ(before, after([](auto& e) { e.name = "f"; }));
  EXPECT_NE(before, after([](auto& e) { e.base_url += "2"; }));
  EXPECT_NE(before, after([](auto& e) { e.model = "n"; }));
  EXPECT_NE(before, after([](auto& e) { e.max_output_tokens = 5; }));
  EXPECT_NE(before, after([](auto& e) { e.first_byte_timeout = std::chrono::seconds(1); }));
  EXPECT_NE(before, after([](auto& e) { e.structured_fixed = true; }));
  EXPECT_NE(before, after([](auto& e) { e.limits.max_concurrency = 3; }));
}

TEST(ChangedEndpoints, HaveRejectedARowWhereAllItsAttemptsWereAtThem) {
  const std::string at_a = R"x("attempt 7 at a: 503 server_error (3 times)")x";
  const std::string at_b = R"x("attempt 9 at a/b: timeout")x";
  EXPECT_TRUE(rejected_by(reject("dispatch", at_a), {"a"}));
  EXPECT_TRUE(rejected_by(reject("dispatch", R"("bad_answer",)" + at_a), {"a"}));
  EXPECT_TRUE(rejected_by(reject("dispatch", at_a + "," + at_b), {"a", "a/b"}));
  EXPECT_FALSE(rejected_by(reject("dispatch", at_a + "," + at_b), {"a"}));
  EXPECT_FALSE(rejected_by(reject("dispatch", at_b), {"a"}));
  EXPECT_FALSE(rejected_by(reject("dispatch", ""), {"a"})) << "no endpoint was asked";
  EXPECT_FALSE(rejected_by(reject("parse", at_a), {"a"}));
  EXPECT_FALSE(rejected_by("no json", {"a"}));
}

}  // namespace
}  // namespace sluice::inspect
