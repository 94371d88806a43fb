// The connection before a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "redis/caller.h"
#include "tests/redis_server.h"

namespace sluice::redis {
namespace {

using Kind = Failure::Kind;
using testing::HasSubstr;

Settings server_settings(const std::string& url) {
  Settings settings;
  settings.url = parse_url(url).value();
  settings.name = "sluice-test";
  return settings;
}

std::unique_ptr<Caller> call_to(const std::string& url) {
  return std::move(Caller::make(server_settings(url)).value());
}

std::string shell(const std::string& command) {
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  return {};
}

class RedisServerTest : public testing::Test {
 protected:
  void SetUp() override { SLUICE_NEEDS_REDIS(); }
};

TEST_F(RedisServerTest, AnswersManyCommandsInTheirOrder) {
  const RedisServer server;
  const auto caller = call_to(server.url());
  std::vector<Command> commands;
  for (int i = 1; i <= 5000; ++i) commands.push_back({.words = {"INCR", "n"}});
  const auto outcomes = caller->commands(std::move(commands));
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    ASSERT_EQ(outcomes[i].value().integer, static_cast<std::int64_t>(i + 1));
  EXPECT_THAT(caller->command({.words = {"CLIENT", "LIST"}}).value().text,
              HasSubstr("name=sluice-test"));
}

TEST_F(RedisServerTest, CarriesLargeValuesBothWays) {
  const RedisServer server;
  const auto caller = call_to(server.url());
  std::string large(3'000'000, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * i % 251);
  std::vector<Command> commands;
  for (int i = 0; i < 4; ++i) commands.push_back({.words = {"SET", std::to_string(i), large}});
  for (const Outcome& outcome : caller->commands(commands)) ASSERT_EQ(outcome.value().text, "OK");
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(caller->command({.words = {"GET", std::to_string(i)}}).value().text, large);
}

TEST_F(RedisServerTest, SelectsTheDatabaseOfItsUrl) {
  const RedisServer server;
  call_to(server.url() + "?db=3")->command({.words = {"SET", "k", "v"}}).value();
  EXPECT_TRUE(call_to(server.url())->command({.words = {"GET", "k"}}).value().is_nil());
  EXPECT_EQ(call_to(server.url() + "?db=3")->command({.words = {"GET", "k"}}).value().text, "v");
  const Outcome none = call_to(server.url() + "?db=99")->command({.words = {"GET", "k"}});
  ASSERT_FALSE(none.has_value());
  EXPECT_THAT(none.error().message,
              HasSubstr("has no such database: ERR DB index is out of range"));
}

TEST_F(RedisServerTest, SaysThatAPasswordIsWrongOrWantedWithoutShowingIt) {
  const RedisServer server({"--requirepass", "right"});
  const auto url = [&](const std::string& user) { return "unix://" + user + server.socket(); };
  EXPECT_EQ(call_to(url(":right@"))->command({.words = {"PING"}}).value().text, "PONG");
  EXPECT_EQ(call_to(url("default:right@"))->command({.words = {"PING"}}).value().text, "PONG");
  const Outcome wrong = call_to(url(":geheim@"))->command({.words = {"GET", "k"}});
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().kind, Kind::refused);
  EXPECT_THAT(wrong.error().message, HasSubstr("refuses the password of its URL (WRONGPASS)"));
  EXPECT_THAT(wrong.error().message, testing::Not(HasSubstr("geheim")));
  const Outcome none = call_to(url(""))->command({.words = {"GET", "k"}});
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, "NOAUTH");
  EXPECT_THAT(none.error().message, HasSubstr("wants a password"));
}

TEST_F(RedisServerTest, FindsTheServerAgainAfterItsRestart) {
  RedisServer server({"--appendonly", "yes"});
  const auto caller = call_to(server.url());
  caller->command({.words = {"SET", "k", "v"}}).value();
  server.stop(SIGTERM);
  std::string found;
  std::thread waiting(
      [&] { found = caller->command({.words = {"GET", "k"}, .idempotent = true}).value().text; });
  server.start();
  waiting.join();
  EXPECT_EQ(found, "v");
}

TEST_F(RedisServerTest, RunsAScriptByItsNameAndLoadsItOnce) {
  const RedisServer server;
  const auto caller = call_to(server.url());
  const auto script =
      std::make_shared<const Script>(make_script("return redis.call('INCRBY', KEYS[1], ARGV[1])"));
  EXPECT_EQ(caller->command(call(script, {"n"}, {"5"})).value().integer, 5);
  EXPECT_EQ(caller->command(call(script, {"n"}, {"5"})).value().integer, 10);
  caller->command({.words = {"SCRIPT", "FLUSH"}}).value();
  EXPECT_EQ(caller->command(call(script, {"n"}, {"5"})).value().integer, 15);
}

TEST_F(RedisServerTest, ShowsTheServersWordsOfAnError) {
  const RedisServer server;
  const auto caller = call_to(server.url());
  caller->command({.words = {"SET", "k", "v"}}).value();
  const Outcome outcome = caller->command({.words = {"XADD", "k", "*", "a", "b"}});
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, "WRONGTYPE");
  EXPECT_THAT(outcome.error().message,
              HasSubstr(server.url() + ": WRONGTYPE Operation against a key"));
}

TEST_F(RedisServerTest, IsAskedOverTlsWithTheCertificateChecked) {
  const Scratch keys;
  const std::string make =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test "
      "-addext subjectAltName=DNS:localhost -keyout '" +
      keys.path("key") + "' -out '" + keys.path("cert") + "' 2>/dev/null";
  shell(make);
  const int port = RedisServer::free_port();
  const RedisServer server({"--tls-port", std::to_string(port), "--bind", "127.0.0.1",
                            "--tls-cert-file", keys.path("cert"), "--tls-key-file",
                            keys.path("key"), "--tls-auth-clients", "no"});
  Settings settings = server_settings("rediss://localhost:" + std::to_string(port));
  settings.ca_file = keys.path("cert");
  const auto caller = Caller::make(settings).value();
  const std::string large(1'000'000, 'x');
  caller->command({.words = {"SET", "k", large}}).value();
  EXPECT_EQ(caller->command({.words = {"GET", "k"}}).value().text, large);

  settings.ca_file.clear();
  const Outcome outcome = Caller::make(settings).value()->command({.words = {"GET", "k"}});
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().kind, Kind::unreachable);
  EXPECT_THAT(outcome.error().message, HasSubstr("certificate"));
}

}  // namespace
}  // namespace sluice::redis
