// What a gateway says it charged: which header tells it, and that it counts for failures too.
#include <gtest/gtest.h>

#include "codec/registry.h"

namespace sluice::codec {
namespace {

using namespace provider;

constexpr char kAnswer[] = R"({"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],)"
                           R"("usage":{"prompt_tokens":10,"completion_tokens":2}})";

Outcome read(const EndpointSpec& endpoint, int status, const std::vector<HeaderView>& headers,
             std::string_view body = kAnswer) {
  return make_codec(endpoint)->read(status, headers, body, core::WallTime()).outcome;
}

EndpointSpec gateway(std::string charge_header = "") {
  EndpointSpec spec;
  spec.base_url = "http://127.0.0.1:4000/v1";
  spec.model = "m";
  spec.charge_header = std::move(charge_header);
  return spec;
}

TEST(Charge, IsReadFromTheKnownHeadersUnlessAnotherIsNamed) {
  const std::vector<HeaderView> known = {{"x-litellm-response-cost", "0.000214"}};
  const std::vector<HeaderView> own = {{"x-litellm-response-cost", "0.000214"},
                                       {"x-own-charge", "0.5"}};
  EXPECT_EQ(read(gateway(), 200, known).charged, core::Money::picodollars(214'000'000));
  EXPECT_EQ(read(gateway(), 200, own).charged, core::Money::picodollars(214'000'000));
  EXPECT_EQ(read(gateway("x-own-charge"), 200, own).charged,
            core::Money::picodollars(500'000'000'000));
  EXPECT_EQ(read(gateway("x-own-charge"), 200, known).charged, std::nullopt);
}

TEST(Charge, OfAFailedRequestIsKnownToo) {
  const Outcome charged =
      read(gateway(), 500, {{"x-litellm-response-cost", "1.5e-05"}}, R"({"error":{}})");
  EXPECT_NE(charged.action, Action::none);
  EXPECT_EQ(charged.billing, Billing::known);
  EXPECT_EQ(charged.charged, core::Money::picodollars(15'000'000));
  EXPECT_EQ(read(gateway(), 500, {}, R"({"error":{}})").charged, std::nullopt);
}

TEST(Charge, ThatIsNoAmountIsNoCharge) {
  for (const char* amount : {"", "-1", "free", "nan", "1e400"})
    EXPECT_EQ(read(gateway(), 200, {{"x-litellm-response-cost", amount}}).charged, std::nullopt)
        << amount;
}

}  // namespace
}  // namespace sluice::codec
