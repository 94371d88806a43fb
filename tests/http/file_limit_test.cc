#include "net/file_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "raw_server.h"
#include "support.h"

namespace sluice::http {
namespace {

// Puts the process's limit back.
class FileLimit : public HttpTest {
 protected:
  FileLimit() { getrlimit(RLIMIT_NOFILE, &before_); }
  ~FileLimit() override { setrlimit(RLIMIT_NOFILE, &before_); }
  void set_soft(rlim_t files) {
    const rlimit limit{files, before_.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  rlimit before_{};
};

TEST_F(FileLimit, IsRaisedToTheHardOne) {
  set_soft(before_.rlim_max - 1);
  EXPECT_EQ(net::file_limit(), before_.rlim_max - 1);
  EXPECT_EQ(net::raise_file_limit(), before_.rlim_max);
  EXPECT_EQ(net::raise_file_limit(), before_.rlim_max);
}

TEST_F(FileLimit, WhenReachedIsToldWithTheNumberNeeded) {
  RawServer server([](RawServer::Peer&, int) {});
  OriginOptions options = origin_options(server.url());
  options.max_connections = 1000;
  const auto origin = add(options);
  add("http://127.0.0.1:1");  // another 256
  // The kernel gives the lowest number that is free: what it would give next is out of bounds.
  const int next = dup(0);
  close(next);
  set_soft(static_cast<rlim_t>(next));
  expect_failure(ask(origin, post("/")), Failure::Kind::connect, false, false,
                 "cannot connect to 127.0.0.1:" + std::to_string(server.port()) +
                     ": this process may open " + std::to_string(next) +
                     " files and has none left; its endpoints need up to 1320, as their "
                     "max_concurrency adds up (raise the limit with ulimit -n, or lower "
                     "max_concurrency)");
}

}  // namespace
}  // namespace sluice::http
