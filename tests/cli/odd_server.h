// A provider that answers as a test wants it to: the mock's answers, but with counts, charges and
// headers of the test's choice. On loopback, in this process.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http/server.h"
#include "net/loop.h"

namespace sluice::cli {

class OddServer {
 public:
  struct Reply {
    std::string content = "some words of an answer";  // the model's text
    std::string usage = {};                           // JSON; empty: the member is left out
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string model = "mock";
    int status = 200;
    std::string error = {};  // the whole body instead, with another status
  };
  // Called on the server's thread with the number of the request, from 0, and its body.
  using Script = std::function<Reply(std::uint64_t number, const std::string& body)>;

  explicit OddServer(Script script);
  ~OddServer();
  OddServer(const OddServer&) = delete;
  OddServer& operator=(const OddServer&) = delete;

  std::string base_url() const;
  std::uint64_t requests() const { return requests_; }

 private:
  Script script_;
  net::Loop loop_;
  std::unique_ptr<http::Server> server_;
  int port_ = 0;
  std::atomic<std::uint64_t> requests_ = 0;
  std::thread thread_;
};

}  // namespace sluice::cli
