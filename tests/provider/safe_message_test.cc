#include <fmt/format.h>
#include <gtest/gtest.h>

#include "provider/failure.h"

namespace sluice::provider {
namespace {

TEST(SafeMessage, HidesTheKeyButTearsNoTextForAShortOne) {
  const std::string_view text = "a bad request at none: key-12345678 was not accepted";
  EXPECT_EQ(safe_message(text, core::Secret("key-12345678")),
            "a bad request at none: *** was not accepted");
  for (const char* placeholder : {"", "a", "none", "request"})
    EXPECT_EQ(safe_message(text, core::Secret(placeholder)), text) << placeholder;
}

TEST(SafeMessage, HidesWholeTokensOfEveryFormThatServicesHave) {
  for (const char* token :
       {"sk-proj-1", "sk-ab***yz", "gsk_0123456789abcdef", "xai-0123456789abcdef",
        "AIzaSyA0123456789abcdefghijklmnopqrstuv", "AQ.Ab8RN6K0123456789abcdef",
        "ya29.a0AfH6SMB-0123_456", "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UifQ.c2lnbmF0dXJl",
        "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"}) {
    EXPECT_EQ(safe_message(fmt::format("key {} is bad, '{}'; Bearer {}.", token, token, token), {}),
              "key *** is bad, '***'; Bearer ***");
    EXPECT_EQ(safe_message(token, {}), "***");
  }
}

TEST(SafeMessage, LeavesWordsThatBeginAsKeysDo) {
  for (const char* text :
       {"ASIA-PACIFIC is not a region", "AKIA or ASIA", "the task-1 of risk-free", "eyJ is a start",
        "xai-model", "AIza", "ya29.", "a.sk-1", "ASIAIOSFODNN7EXAMPLES"})
    EXPECT_EQ(safe_message(text, {}), text);
}

}  // namespace
}  // namespace sluice::provider
