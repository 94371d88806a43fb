// Keys that no header can carry are refused at the start, by the name of their variable and never
// by their value; and what a server says is not torn by a key of one letter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class Secrets : public testing::Test {
 protected:
  void SetUp() override {
    world_.make_rows(1);
    world_.start_mock();
  }
  // `sluice COMMAND job.lua` with this value of the variable TEST_KEY, which is the key.
  World::Ended with_key(const std::string& command, const std::string& value,
                        const std::string& option = "key = s.secret \"TEST_KEY\"") {
    world_.make_job(1, option);
    Process process(world_.path(""), "keyed",
                    {"/usr/bin/env", "TEST_KEY=" + value, SLUICE_PROGRAM, command, "job.lua",
                     "--set", "base_url=" + world_.base_url()});
    World::Ended ended;
    ended.status = process.wait();
    ended.output = process.output();
    ended.errors = process.errors();
    return ended;
  }
  World world_;
};

TEST_F(Secrets, KeysWithLineBreaksControlCharactersOrBlanksAreRefusedByName) {
  const std::pair<std::string, std::string> kBad[] = {
      {"sk-hidden-1\n", "ends with a line break"},
      {"sk-hidden-1\r", "ends with a line break"},
      {" sk-hidden-1", "begins or ends with a blank"},
      {"sk-hidden-1\r\nX-Other: 1", "holds a line break"},
      {"sk-hidden\x01-1", "holds a control character"},
  };
  for (const auto& [value, what] : kBad) {
    const auto ended = with_key("run", value);
    EXPECT_EQ(ended.status, 3) << what;
    EXPECT_THAT(ended.errors, HasSubstr("environment variable TEST_KEY " + what));
    EXPECT_THAT(ended.errors, HasSubstr("export TEST_KEY="));
    EXPECT_THAT(ended.errors, Not(HasSubstr("hidden")));
  }
  EXPECT_EQ(world_.mock_stats().requests, 0u);
  EXPECT_EQ(with_key("check", "sk-hidden-1\n").status, 0) << "which reads no variable";
  EXPECT_EQ(with_key("run", "sk-hidden-1").status, 0);
}

TEST_F(Secrets, AKeyInTheFileIsLookedAtToo) {
  const auto ended = with_key("check", "unused", "key = \"sk-hidden\\n\"");
  EXPECT_EQ(ended.status, 3);
  EXPECT_THAT(ended.errors, HasSubstr("key ends with a line break"));
  EXPECT_THAT(ended.errors, Not(HasSubstr("hidden")));
}

TEST_F(Secrets, AProxyWithALineBreakIsRefusedByName) {
  const auto ended =
      with_key("run", "http://me:hidden@127.0.0.1:1\n", "proxy = s.secret \"TEST_KEY\"");
  EXPECT_EQ(ended.status, 3);
  EXPECT_THAT(ended.errors, HasSubstr("environment variable TEST_KEY ends with a line break"));
  EXPECT_THAT(ended.errors, Not(HasSubstr("hidden")));
}

}  // namespace
}  // namespace sluice::cli
