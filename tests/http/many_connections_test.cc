// Thousands of requests in flight at once on one client. SLUICE_HTTP_CONNECTIONS asks for another
// number than the default; each takes two files, since the server is in the same process.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "net/file_limit.h"
#include "support.h"

namespace sluice::http {
namespace {

std::size_t wanted_connections() {
  const char* text = std::getenv("SLUICE_HTTP_CONNECTIONS");
  const std::size_t wanted = text ? std::strtoul(text, nullptr, 10) : 2000;
  return std::min(wanted, (net::raise_file_limit() - 200) / 2);
}

class ManyConnections : public HttpTest {};

// No request is answered before all have come: so all are in flight together, for as long as it
// takes, and the limits that are short beside that must not be reached by the client's own doing.
// NeMo-Skills caps itself at 2,048 in flight, because its HTTP client hangs above; openai-python
// #1596.
TEST_F(ManyConnections, AreHeldUntilAServerThatAnswersLateHasAnsweredThemAll) {
  const std::size_t count = wanted_connections();
  std::vector<std::shared_ptr<Responder>> held;
  const auto server =
      Server::listen(loop_, {}, [&](ServerRequest, std::shared_ptr<Responder> responder) {
        held.push_back(std::move(responder));
      });
  ASSERT_TRUE(server.has_value()) << server.error().text();
  OriginOptions options = origin_options(url_of(**server));
  options.max_connections = count;
  options.total_timeout = options.idle_timeout = std::chrono::minutes(4);
  options.first_byte_timeout = std::chrono::minutes(4);
  const auto origin = add(options);

  std::size_t answered = 0;
  std::vector<Failure> failures;
  const auto send_all = [&] {
    for (std::size_t i = 0; i < count; ++i) {
      client().send(origin, post("/"), [&](Outcome outcome) {
        if (outcome) {
          ++answered;
        } else {
          failures.push_back(outcome.error());
        }
      });
    }
    run_until([&] { return held.size() + failures.size() == count; });
  };
  send_all();
  ASSERT_TRUE(failures.empty()) << failures.front().message;
  EXPECT_EQ(client_->counts().connections_open, count);
  for (const auto& responder : held) responder->respond({});
  run_until([&] { return answered + failures.size() == count; });
  ASSERT_TRUE(failures.empty()) << failures.front().message;

  // And again, on the connections that are there.
  held.clear();
  answered = 0;
  send_all();
  for (const auto& responder : held) responder->respond({});
  run_until([&] { return answered + failures.size() == count; });
  EXPECT_EQ(answered, count);
  EXPECT_EQ(client_->counts().connections_opened, count);
}

}  // namespace
}  // namespace sluice::http
