#include "listen/listener.h"

#include <sys/resource.h>
#include <unistd.h>

#include <thread>
#include <utility>

#include "core/thread_name.h"
#include "http/server.h"
#include "net/loop.h"

namespace sluice::listen {
namespace {

constexpr int kNiceness = 10;

class ThreadListener final : public Listener {
 public:
  ThreadListener(Source& source, Gate gate, Routes::Process process)
      : routes_(source, std::move(gate), std::move(process)) {}
  ~ThreadListener() override {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
  }

  core::Status open(const Address& address) {
    http::ServerOptions options;
    options.host = address.host;
    options.port = address.port;
    options.max_body_bytes = Routes::kMostBody;
    options.max_connections = kMostConnections;
    options.patience = kPatience;
    auto server = http::Server::listen(loop_, options,
                                       [this](const http::ServerRequest& request,
                                              const std::shared_ptr<http::Responder>& responder) {
                                         responder->respond(routes_.answer(request));
                                       });
    if (!server) return std::unexpected(server.error());
    server_ = std::move(*server);
    thread_ = std::thread([this] { run(); });
    return {};
  }
  int port() const override { return server_->port(); }

 private:
  // What cannot be answered (no memory) ends the listener, never the job.
  void run() noexcept {
    core::name_thread("sluice-listen");
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness);
    try {
      loop_.run();
    } catch (...) {
    }
  }

  Routes routes_;
  net::Loop loop_;
  std::unique_ptr<http::Server> server_;
  std::thread thread_;
};

}  // namespace

core::Result<std::unique_ptr<Listener>> Listener::open(const Address& address, Gate gate,
                                                       Source& source, Routes::Process process) {
  auto listener = std::make_unique<ThreadListener>(source, std::move(gate), std::move(process));
  if (auto opened = listener->open(address); !opened) return std::unexpected(opened.error());
  return listener;
}

}  // namespace sluice::listen
