#include "mock/mock_server.h"

#include <utility>
#include <vector>

#include "http/server.h"
#include "mock/delay_queue.h"
#include "mock/provider_model.h"

namespace sluice::mock {
namespace {

class MockServerImpl final : public MockServer {
 public:
  MockServerImpl(http::Loop& loop, Options options)
      : model_(std::move(options)), delayed_(loop, clock_) {}

  core::Status listen(http::Loop& loop, const http::ServerOptions& options) {
    auto server = http::Server::listen(
        loop, options,
        [this](const http::ServerRequest& request, std::shared_ptr<http::Responder> responder) {
          handle(request, std::move(responder));
        });
    if (!server) return std::unexpected(server.error());
    server_ = std::move(*server);
    return {};
  }

  int port() const override { return server_->port(); }
  Stats stats() const override { return model_.stats(); }

 private:
  void handle(const http::ServerRequest& request, std::shared_ptr<http::Responder> responder) {
    Decision decision = model_.handle(request, clock_.now(), clock_.wall_now());
    switch (decision.kind) {
      case Decision::Kind::reset:
        responder->reset();
        return;
      case Decision::Kind::hang:
        hanging_.push_back(std::move(responder));
        return;
      case Decision::Kind::respond:
      case Decision::Kind::respond_half:
        break;
    }
    if (decision.delay == core::Duration::zero()) return answer(decision, *responder);
    delayed_.add(decision.delay,
                 [this, decision = std::move(decision), responder = std::move(responder)] {
                   answer(decision, *responder);
                 });
  }

  void answer(const Decision& decision, http::Responder& responder) {
    if (decision.counted) model_.finished();
    if (decision.kind == Decision::Kind::respond) return responder.respond(decision.response);
    responder.respond_in_part(decision.response, decision.response.body.size() / 2);
    responder.reset();
  }

  core::SystemClock clock_;
  ProviderModel model_;
  DelayQueue delayed_;
  // A responder that goes away unanswered answers with 500, so those that hang are kept.
  std::vector<std::shared_ptr<http::Responder>> hanging_;
  std::unique_ptr<http::Server> server_;  // last: closed before what its connections use
};

}  // namespace

core::Result<std::unique_ptr<MockServer>> MockServer::start(http::Loop& loop, Options options) {
  http::ServerOptions server;
  server.host = options.host;
  server.port = options.port;
  server.certificate_file = options.certificate_file;
  server.key_file = options.key_file;
  auto mock = std::make_unique<MockServerImpl>(loop, std::move(options));
  if (auto listening = mock->listen(loop, server); !listening) {
    return std::unexpected(listening.error());
  }
  return mock;
}

}  // namespace sluice::mock
