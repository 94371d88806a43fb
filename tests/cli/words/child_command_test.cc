// The command of --notify.
#include "shell/child_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "tests/scratch.h"

namespace sluice::shell {
namespace {

using namespace std::chrono_literals;

TEST(ChildCommand, IsGivenItsInputAndVariables) {
  const Scratch scratch;
  const std::string input(1'000'000, 'x');  // more than a pipe holds
  StopSignal signal;
  ASSERT_EQ(::setenv("SLUICE_TEST_NAME", "old", 1), 0);
  const auto ran =
      run_command({.command = "cat > '" + scratch.path("in") + "'; echo \"$SLUICE_TEST_NAME\" > '" +
                              scratch.path("name") + "'",
                   .input = input,
                   .variables = {{"SLUICE_TEST_NAME", "a name"}}},
                  signal);
  EXPECT_TRUE(ran.has_value());
  EXPECT_EQ(Scratch::read(scratch.path("in")), input);
  EXPECT_EQ(Scratch::read(scratch.path("name")), "a name\n");
}

TEST(ChildCommand, MayLeaveItsInputUnread) {
  StopSignal signal;
  EXPECT_TRUE(run_command({.command = "true", .input = std::string(1'000'000, 'x')}, signal));
}

TEST(ChildCommand, SaysHowItEnded) {
  StopSignal signal;
  EXPECT_EQ(run_command({.command = "exit 3", .input = ""}, signal).error().message,
            "ended with status 3");
  EXPECT_EQ(run_command({.command = "kill -9 $$", .input = ""}, signal).error().message,
            "was ended by signal 9");
  EXPECT_EQ(
      run_command({.command = "no-such-command 2>/dev/null", .input = ""}, signal).error().message,
      "ended with status 127");
}

TEST(ChildCommand, IsEndedWithItsProcessGroupWhenItTakesTooLong) {
  const Scratch scratch;
  StopSignal signal;
  const auto ran =
      run_command({.command = "sleep 1000 & echo $! > '" + scratch.path("pid") + "'; wait",
                   .input = "",
                   .longest = 1s},
                  signal);
  ASSERT_FALSE(ran.has_value());
  EXPECT_THAT(ran.error().message, testing::HasSubstr("took longer than 1 s, and was ended"));
  const pid_t pid = std::stoi(Scratch::read(scratch.path("pid")));
  const auto ended = [&] {  // or waits for its new parent
    const std::string stat = Scratch::read("/proc/" + std::to_string(pid) + "/stat");
    return stat.empty() || stat.find(") Z") != stat.npos;
  };
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!ended() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_TRUE(ended());
}

}  // namespace
}  // namespace sluice::shell
