// HTTPS by the real program: a certificate that is not trusted is refused, with the right CA it
// works.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/cli/stub_server.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

// ca.pem, and chain.pem with key.pem signed by it for `name`.
void make_certificates(const World& world, const std::string& name) {
  const std::string commands = "cd '" + world.path("") +
                               "' && openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out "
                               "ca.pem -subj /CN=TestCA -days 2 2>/dev/null"
                               " && openssl req -newkey rsa:2048 -nodes -keyout key.pem -out "
                               "server.csr -subj /CN=server 2>/dev/null"
                               " && printf 'subjectAltName=" +
                               name +
                               "' > ext && openssl x509 -req -in server.csr -CA ca.pem -CAkey "
                               "ca.key -CAcreateserial -out chain.pem -days 2 -extfile ext "
                               "2>/dev/null";
  ASSERT_EQ(std::system(commands.c_str()), 0);
}

class TlsTest : public testing::Test {
 protected:
  void start(const std::string& name) {
    make_certificates(world_, name);
    world_.make_rows(100);
    world_.start_mock({"--certificate", "chain.pem", "--certificate-key", "key.pem"});
  }
  World::Ended run(const std::string& endpoint) {
    world_.make_job(1, endpoint);
    return world_.sluice(world_.run_job());
  }
  World world_;
};

TEST_F(TlsTest, WorksWithTheRightCa) {
  start("IP:127.0.0.1");
  const auto run = this->run("ca_file = \"ca.pem\"");
  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_EQ(wrong_with_output(world_, 100), "");
}

TEST_F(TlsTest, RefusesACertificateThatNobodyTrusts) {
  start("IP:127.0.0.1");
  const auto run = this->run("");
  EXPECT_EQ(run.status, 5);
  EXPECT_THAT(run.errors, HasSubstr("not trusted"));
  EXPECT_THAT(run.errors, HasSubstr("ca_file"));
}

TEST_F(TlsTest, RefusesACertificateForAnotherName) {
  start("DNS:other.example");
  const auto run = this->run("ca_file = \"ca.pem\"");
  EXPECT_EQ(run.status, 5);
  EXPECT_THAT(run.errors, HasSubstr("other.example"));
}

// A load balancer in front restarts its servers: every third connection ends in the handshake.
TEST_F(TlsTest, ConnectionsThatAreDroppedInTheHandshakeCostNoRowAndNoMoney) {
  start("IP:127.0.0.1");
  const std::string& mock = world_.base_url();
  const DroppingProxy proxy(std::stoi(mock.substr(mock.rfind(':') + 1)), 3);
  world_.make_rows(300);
  world_.make_job(1, "ca_file = \"ca.pem\", max_concurrency = 16");
  const auto run =
      world_.sluice({"run", "job.lua", "--set",
                     "base_url=https://127.0.0.1:" + std::to_string(proxy.port()) + "/v1"});
  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_GE(proxy.dropped(), 3);
  EXPECT_EQ(wrong_with_output(world_, 300), "");
  const JobStatus status = world_.status();
  EXPECT_EQ(status.answered, 300u);
  EXPECT_EQ(status.maybe_billed, 0u);
}

}  // namespace
}  // namespace sluice::cli
