// What a connection does when the server does not answer as it should: before a server that the test writes.
#include "redis/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "redis/caller.h"
#include "stub_server.h"

namespace sluice::redis {
namespace {

using Kind = Failure::Kind;
using Words = StubServer::Words;
using std::chrono::milliseconds;
using testing::HasSubstr;

Settings settings_for(const std::string& url) {
  Settings settings;
  settings.url = parse_url(url).value();
  settings.first_back_off = milliseconds(1);
  settings.longest_back_off = milliseconds(10);
  return settings;
}

std::unique_ptr<Caller> caller_for(Settings settings) {
  return std::move(Caller::make(std::move(settings)).value());
}

Command once(std::vector<std::string> words) {
  return {.words = std::move(words)};
}
Command repeatable(std::vector<std::string> words) {
  return {.words = std::move(words), .idempotent = true};
}

void expect_failure(const Outcome& outcome, Kind kind, const std::string& words, bool maybe_done) {
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().kind, kind) << outcome.error().message;
  EXPECT_THAT(outcome.error().message, HasSubstr(words));
  EXPECT_EQ(outcome.error().maybe_done, maybe_done);
}

TEST(Connection, WritesACommandThatMayNotBeRepeatedOnce) {
  StubServer server([](const Words&) { return std::nullopt; });
  const auto caller = caller_for(settings_for(server.url()));
  expect_failure(caller->command(once({"INCR", "k"})), Kind::closed,
                 "lost the connection to unix:", true);
  EXPECT_EQ(server.asked(), (std::vector<Words>{{"INCR", "k"}}));
}

TEST(Connection, RepeatsWhatMayBeRepeatedWhenTheConnectionIsLost) {
  int times = 0;
  StubServer server([&](const Words&) {
    return ++times < 3 ? std::nullopt : std::optional<std::string>(":5\r\n");
  });
  const auto caller = caller_for(settings_for(server.url()));
  const Outcome outcome = caller->command(repeatable({"SCARD", "k"}));
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  EXPECT_EQ(outcome->integer, 5);
  EXPECT_EQ(server.asked().size(), 3u);
}

TEST(Connection, SendsAgainWhatTheServerSaysItHasNotDone) {
  int times = 0;
  StubServer server([&](const Words&) {
    return std::optional<std::string>(
        ++times < 3 ? "-LOADING Redis is loading the dataset in memory\r\n" : "+OK\r\n");
  });
  const auto caller = caller_for(settings_for(server.url()));
  EXPECT_EQ(caller->command(once({"SET", "k", "1"})).value().text, "OK");
  EXPECT_EQ(server.asked().size(), 3u);
}

TEST(Connection, EndsACommandWhenItsTimeIsOver) {
  StubServer server([](const Words&) { return std::optional<std::string>(""); });
  const auto caller = caller_for(settings_for(server.url()));
  Command slow = once({"GET", "k"});
  slow.timeout = milliseconds(30);
  expect_failure(caller->command(slow), Kind::timeout, "has not answered a command within 30 ms",
                 true);
}

TEST(Connection, SaysWhyThereIsNoServer) {
  Settings settings = settings_for("unix:/nowhere/redis.sock");
  settings.command_timeout = milliseconds(30);
  const auto caller = caller_for(settings);
  expect_failure(caller->command(once({"GET", "k"})), Kind::unreachable,
                 "cannot connect to unix:/nowhere/redis.sock: no such file or directory", false);
}

TEST(Connection, LoadsAScriptThatTheServerDoesNotKnow) {
  StubServer server([](const Words& words) {
    return std::optional<std::string>(words[0] == "EVALSHA" ? "-NOSCRIPT No matching script.\r\n"
                                                            : ":1\r\n");
  });
  const auto caller = caller_for(settings_for(server.url()));
  const auto script = std::make_shared<const Script>(make_script("return 1"));
  EXPECT_EQ(caller->command(call(script, {"k"}, {"a", "b\r\n"})).value().integer, 1);
  EXPECT_EQ(server.asked(), (std::vector<Words>{{"EVALSHA", script->sha1, "1", "k", "a", "b\r\n"},
                                                {"EVAL", "return 1", "1", "k", "a", "b\r\n"}}));
}

TEST(Connection, ShowsNothingOfWhatAServerAnswersToAuth) {
  StubServer server([](const Words& words) {
    return std::optional<std::string>("-ERR unknown command 'AUTH', with args beginning with: '" +
                                      words[1] + "'\r\n");
  });
  const std::string url = "unix://u:geheim@" + server.url().substr(5);
  const auto caller = caller_for(settings_for(url));
  const Outcome outcome = caller->command(once({"GET", "k"}));
  expect_failure(outcome, Kind::refused, "refuses the user or the password of its URL (ERR)",
                 false);
  EXPECT_EQ(outcome.error().message.find("geheim"), std::string::npos);
  EXPECT_TRUE(server.asked().empty());
}

TEST(Connection, RefusesAServerThatIsNotOne) {
  StubServer server(
      [](const Words&) { return std::optional<std::string>("220 smtp.example ESMTP\r\n"); });
  const auto caller = caller_for(settings_for(server.url()));
  expect_failure(caller->command(once({"GET", "k"})), Kind::closed,
                 "does not speak Redis' protocol", true);
}

TEST(Connection, TakesNoMoreCommandsThanItsBound) {
  StubServer server([](const Words&) { return std::optional<std::string>(""); });
  Settings settings = settings_for(server.url());
  settings.most_commands = 2;
  const auto caller = caller_for(settings);
  std::atomic<int> closed = 0;
  for (int i = 0; i < 2; ++i)
    caller->start(once({"GET", "k"}), [&](const Outcome& outcome) {
      closed += !outcome && outcome.error().kind == Kind::closed;
    });
  expect_failure(caller->command(once({"GET", "k"})), Kind::full, "2 commands wait for", false);
  caller->close();
  EXPECT_EQ(closed, 2);
  expect_failure(caller->command(once({"GET", "k"})), Kind::closed, "has been closed here", false);
}

TEST(Connection, EndsEachOfManyCommandsOnceWhateverBecomesOfTheConnection) {
  int answers = 0;
  StubServer server([&](const Words&) {
    return ++answers % 7 == 0 ? std::nullopt : std::optional<std::string>("+OK\r\n");
  });
  const auto caller = caller_for(settings_for(server.url()));
  std::vector<Command> commands;
  for (int i = 0; i < 300; ++i)
    commands.push_back(i % 2 ? once({"SET", std::to_string(i)})
                             : repeatable({"GET", std::to_string(i)}));
  const auto outcomes = caller->commands(std::move(commands));
  ASSERT_EQ(outcomes.size(), 300u);
  std::map<std::string, int> sent;
  for (const Words& words : server.asked()) ++sent[words[1]];
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (i % 2 == 0) {
      EXPECT_TRUE(outcomes[i].has_value()) << i << outcomes[i].error().message;
    } else {
      EXPECT_LE(sent[std::to_string(i)], 1) << i;
    }
  }
}

}  // namespace
}  // namespace sluice::redis
