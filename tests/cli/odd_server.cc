#include "tests/cli/odd_server.h"

#include <fmt/format.h>

#include <stdexcept>

#include "core/json.h"

namespace sluice::cli {

OddServer::OddServer(Script script) : script_(std::move(script)) {
  auto server = http::Server::listen(
      loop_, {},
      [this](const http::ServerRequest& request,
             const std::shared_ptr<http::Responder>& responder) {
        const Reply reply = script_(requests_++, request.body);
        http::ServerResponse response{.status = reply.status, .headers = reply.headers, .body = {}};
        if (reply.status != 200) {
          response.body = reply.error;
          return responder->respond(response);
        }
        std::string text;
        core::append_json_string(text, reply.content);
        response.body = fmt::format(
            R"({{"id":"x","model":"{}","choices":[{{"index":0,"finish_reason":"stop","message":{{"role":"assistant","content":{}}}}}]{}{}}})",
            reply.model, text, reply.usage.empty() ? "" : ",\"usage\":", reply.usage);
        responder->respond(response);
      });
  if (!server) throw std::runtime_error(server.error().text());
  server_ = std::move(*server);
  port_ = server_->port();
  thread_ = std::thread([this] { loop_.run(); });
}

OddServer::~OddServer() {
  loop_.stop();
  thread_.join();
}

std::string OddServer::base_url() const {
  return fmt::format("http://127.0.0.1:{}/v1", port_);
}

}  // namespace sluice::cli
