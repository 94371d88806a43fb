#include "mock/outages.h"

#include <gtest/gtest.h>

#include "mock/control.h"

namespace sluice::mock {
namespace {

using namespace std::chrono_literals;

const core::Time kOutageStart(1000s);

TEST(Outages, AreReadFromSecondsAndAKind) {
  const auto outage = parse_outage("10:25.5:hang");
  ASSERT_TRUE(outage.has_value());
  EXPECT_EQ(outage->from, 10s);
  EXPECT_EQ(outage->to, 25500ms);
  EXPECT_EQ(outage->kind, OutageKind::hang);
  EXPECT_EQ(parse_outage("0:1:error")->kind, OutageKind::error);
  EXPECT_EQ(parse_outage("0:1:refuse")->kind, OutageKind::refuse);
}

TEST(Outages, SayWhatIsWantedWhereTheyCannotBeRead) {
  for (const char* text : {"", ":", "::", "1:2", "1:2:", "1:2:fire", "2:1:hang", "1:1:hang",
                           "-1:2:hang", "1:2x:hang", "1:2:hang:", "nan:2:hang", "1e99:2e99:hang"}) {
    const auto outage = parse_outage(text);
    ASSERT_FALSE(outage.has_value()) << text;
    EXPECT_EQ(outage.error().code, core::ErrorCode::usage);
    EXPECT_NE(outage.error().message.find("FROM:TO:KIND"), std::string::npos);
  }
}

TEST(Outages, BeginAndEndAsPlanned) {
  const Outages outages({{10s, 20s, OutageKind::hang}, {30s, 31s, OutageKind::error}},
                        kOutageStart);
  EXPECT_EQ(outages.at(kOutageStart + 10s - 1ns), std::nullopt);
  EXPECT_EQ(outages.at(kOutageStart + 10s), OutageKind::hang);
  EXPECT_EQ(outages.at(kOutageStart + 20s), std::nullopt);
  EXPECT_EQ(outages.at(kOutageStart + 30s), OutageKind::error);
  EXPECT_EQ(outages.next_change(kOutageStart), kOutageStart + 10s);
  EXPECT_EQ(outages.next_change(kOutageStart + 10s), kOutageStart + 20s);
  EXPECT_EQ(outages.next_change(kOutageStart + 31s), std::nullopt);
}

TEST(Outages, ASwitchWinsOverThePlanUntilItEnds) {
  Outages outages({{10s, 20s, OutageKind::hang}}, kOutageStart);
  outages.switch_to(kOutageStart, OutageKind::refuse, 15s);
  EXPECT_EQ(outages.at(kOutageStart + 14s), OutageKind::refuse);
  EXPECT_EQ(outages.next_change(kOutageStart + 14s), kOutageStart + 15s);
  EXPECT_EQ(outages.at(kOutageStart + 15s), OutageKind::hang);
  outages.switch_to(kOutageStart + 16s, OutageKind::error, std::nullopt);
  EXPECT_EQ(outages.at(kOutageStart + 24h), OutageKind::error);
  outages.switch_to(kOutageStart + 17s, std::nullopt, std::nullopt);
  EXPECT_EQ(outages.at(kOutageStart + 17s), OutageKind::hang);
  EXPECT_EQ(outages.at(kOutageStart + 24h), std::nullopt);
}

TEST(Control, NamesAnOutageAndHowLong) {
  const auto hang = read_control(R"({"outage":"hang"})");
  ASSERT_TRUE(hang.has_value());
  EXPECT_EQ(hang->outage, OutageKind::hang);
  EXPECT_EQ(hang->lasts, std::nullopt);
  const auto refuse = read_control(R"({"outage":"refuse","seconds":2.5})");
  ASSERT_TRUE(refuse.has_value());
  EXPECT_EQ(refuse->outage, OutageKind::refuse);
  EXPECT_EQ(refuse->lasts, 2500ms);
  const auto none = read_control(R"({"outage":"none"})");
  ASSERT_TRUE(none.has_value());
  EXPECT_EQ(none->outage, std::nullopt);
}

TEST(Control, RefusesWhatItCannotReadOrNobodyCouldEnd) {
  for (const char* body : {"", "{", "{}", R"({"outage":1})", R"({"outage":"fire"})",
                           R"({"outage":"refuse"})", R"({"outage":"hang","seconds":0})"}) {
    EXPECT_FALSE(read_control(body).has_value()) << body;
  }
}

TEST(Control, IsForLoopbackAlone) {
  for (const char* host : {"127.0.0.1", "127.1.2.3", "::1", "localhost"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", ""})
    EXPECT_FALSE(is_loopback(host)) << host;
}

}  // namespace
}  // namespace sluice::mock
