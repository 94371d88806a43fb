// Parameters on the command line: typed, listed by check, from files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/transcript.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

class Parameters : public testing::Test {
 protected:
  Parameters() {
    world_.write("job.lua", R"lua(local s = require "sluice"
local profile = s.param { "profile", choices = { "dev", "prod" }, default = "dev", help = "where it runs" }
local rows = s.param { "rows", type = "whole", min = 1, max = 50, help = "rows a request" }
local key = s.param("key", "")
return s.pipeline {
  name = "job-" .. profile, s.read { "in.jsonl" }, s.pack { rows = rows, user = "{{a}}" },
  s.dispatch { s.vllm { model = s.param("model", "m"), base_url = "http://127.0.0.1:1/v1", key = key } },
  s.sink { "out.jsonl" },
}
)lua");
  }
  std::string check(const std::string& options) const {
    return shell(world_, "sluice check job.lua " + options + "; echo exit $?");
  }
  World world_;
};

TEST_F(Parameters, AreListedByCheckWithoutWhatMayBeSecret) {
  EXPECT_THAT(check("--set rows=20 --set key=sk-123456789"),
              HasSubstr("  takes      profile = dev: where it runs (one of dev, prod)\n"
                        "             rows = 20: rows a request (a whole number), set\n"
                        "             key = ***, set\n"
                        "             model = m\n"));
}

TEST_F(Parameters, OfTheWrongTypeAreShownWhereTheyAreDeclared) {
  EXPECT_EQ(check("--set rows=20 --set profile=prd"),
            R"(job.lua:2:27: error: parameter 'profile' must be one of dev, prod, got 'prd'
     2 | local profile = s.param { "profile", choices = { "dev", "prod" }, default = "dev", help = "where it runs" }
       |                           ^^^^^^^^^ did you mean 'prod'?
exit 3
)");
  EXPECT_THAT(check(""), HasSubstr("parameter 'rows' is not given: rows a request"));
  EXPECT_THAT(check("--set rows=many"),
              HasSubstr("parameter 'rows' must be a whole number, got 'many'"));
  EXPECT_THAT(check("--set rows=2.5"),
              HasSubstr("parameter 'rows' must be a whole number, got '2.5'"));
  EXPECT_THAT(check("--set rows=51"), HasSubstr("parameter 'rows' must be at most 50, got '51'"));
  EXPECT_THAT(check("--set rows=1 --set profil=dev"), HasSubstr("did you mean 'profile'?"));
}

TEST_F(Parameters, ComeFromFilesToo) {
  world_.write("prod.conf", "# of the nightly job\n\nprofile = prod\nrows=30\nmodel = \" m \"\n");
  world_.write("more.conf", "rows = 40\n");
  const std::string both = check("--set-file prod.conf --set-file more.conf");
  EXPECT_THAT(both, HasSubstr("profile = prod: where it runs"));
  EXPECT_THAT(both, HasSubstr("rows = 40:"));
  EXPECT_THAT(both, HasSubstr("model =  m , set"));
  EXPECT_THAT(check("--set-file prod.conf --set rows=5"), HasSubstr("rows = 5:"));
  world_.write("bad.conf", "rows = 1\nprofile\n");
  EXPECT_EQ(check("--set-file bad.conf"),
            "sluice: bad.conf:2: a line is name = value, not 'profile'\nexit 2\n");
  EXPECT_THAT(check("--set-file none.conf"), HasSubstr("cannot read 'none.conf'"));
}

TEST_F(Parameters, MistakesInADeclarationAreShown) {
  const auto declared = [&](const std::string& options) {
    world_.write("p.lua", "local s = require 'sluice'\nlocal p = s.param { " + options + " }\n");
    return shell(world_, "sluice check p.lua");
  };
  EXPECT_THAT(declared("'a', typ = 'whole'"), HasSubstr("did you mean 'type'?"));
  EXPECT_THAT(declared("'a', type = 'int'"), HasSubstr("type must be one of"));
  EXPECT_THAT(declared("'a', type = 'whole', default = 'x'"),
              HasSubstr("the default of parameter 'a' must be a whole number, got text"));
  EXPECT_THAT(declared("type = 'whole'"), HasSubstr("param needs one name"));
  EXPECT_THAT(declared("'a', choices = {}"), HasSubstr("nothing to choose from"));
}

}  // namespace
}  // namespace sluice::cli
