#include "listen/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support.h"

namespace sluice::listen {
namespace {

using testing::HasSubstr;
using Refusal = Gate::Refusal;

std::string parsed(std::string_view text) {
  const auto address = parse_address(text);
  return address ? address->host + " " + std::to_string(address->port) : address.error().message;
}

Gate gate(std::string host, std::string_view token = "") {
  auto made = Gate::make({std::move(host), 9464}, core::Secret(std::string(token)));
  EXPECT_TRUE(made) << made.error().text();
  return *made;
}

TEST(ListenAddress, IsAHostAndAPortOrAPortOfThisMachine) {
  EXPECT_EQ(parsed("127.0.0.1:9464"), "127.0.0.1 9464");
  EXPECT_EQ(parsed("9464"), "127.0.0.1 9464");
  EXPECT_EQ(parsed(":0"), "127.0.0.1 0");
  EXPECT_EQ(parsed("[::1]:80"), "::1 80");
  EXPECT_EQ(parsed("LocalHost:65535"), "localhost 65535");
  for (const std::string_view wrong :
       {"", "x", "127.0.0.1", "localhost:", "::1:80", "a:65536", "a:-1", "a:1x"})
    EXPECT_THAT(parsed(wrong), HasSubstr("is not an address to listen on")) << wrong;
}

TEST(ListenAddress, OfLoopbackIsWhatNoOtherMachineReaches) {
  for (const char* host : {"127.0.0.1", "127.8.9.1", "::1", "localhost"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "127.example.org", "localhost.example.org"})
    EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(Gate, OnLoopbackWantsToBeAskedByANameOfThisMachine) {
  const Gate here = gate("127.0.0.1");
  for (const char* host : {"127.0.0.1:9464", "localhost:9464", "[::1]:9464", "localhost"})
    EXPECT_EQ(here.ask(host, "", false, false), Refusal::none) << host;
  for (const char* host : {"rebound.example.org", "rebound.example.org:9464",
                           "127.0.0.1.example.org", "", "[::2]", "["})
    EXPECT_EQ(here.ask(host, "", false, false), Refusal::host) << host;
}

TEST(Gate, ChangesNeedATokenThatWasSet) {
  EXPECT_EQ(gate("127.0.0.1").ask("localhost", "Bearer x", true, false), Refusal::control_off);
  const Gate with = gate("127.0.0.1", kToken);
  EXPECT_EQ(with.ask("localhost", "", false, false), Refusal::none) << "to look needs none here";
  EXPECT_EQ(with.ask("localhost", "", true, false), Refusal::token);
  for (const char* wrong :
       {"Bearer ", "Bearer 0123456789abcde", "Bearer 0123456789abcdeg", "Bearer 0123456789abcdef0",
        "Basic 0123456789abcdef", "0123456789abcdef"})
    EXPECT_EQ(with.ask("localhost", wrong, true, false), Refusal::token) << wrong;
  EXPECT_EQ(with.ask("localhost", "Bearer 0123456789abcdef", true, false), Refusal::none);
  EXPECT_EQ(with.ask("localhost", "bearer 0123456789abcdef", true, false), Refusal::none);
  EXPECT_EQ(with.ask("elsewhere.org", "Bearer 0123456789abcdef", true, false), Refusal::host);
}

TEST(Gate, BeyondLoopbackAllThatShowsTheJobNeedsTheToken) {
  const Gate open = gate("0.0.0.0", kToken);
  EXPECT_EQ(open.ask("worker-7.lan:9464", "", false, false), Refusal::token);
  EXPECT_EQ(open.ask("worker-7.lan:9464", "", false, true), Refusal::none)
      << "the page without data";
  EXPECT_EQ(open.ask("worker-7.lan:9464", "Bearer 0123456789abcdef", false, false), Refusal::none);
}

TEST(Gate, RefusesWhatWouldBeUnsafe) {
  const auto message = [](const std::string& host, const std::string& token) {
    const auto made = Gate::make({host, 1}, core::Secret(token));
    return made ? std::string("fine") : made.error().message;
  };
  EXPECT_THAT(message("0.0.0.0", ""), HasSubstr("Set SLUICE_LISTEN_TOKEN"));
  EXPECT_THAT(message("127.0.0.1", "short"), HasSubstr("shorter than 16"));
  EXPECT_THAT(message("127.0.0.1", "0123456789abcdef\n"), HasSubstr("ends with a line break"));
  EXPECT_THAT(message("127.0.0.1", "short"), testing::Not(HasSubstr("short characters")));
}

}  // namespace
}  // namespace sluice::listen
