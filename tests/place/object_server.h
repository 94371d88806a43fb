// An object store in memory, by S3's protocol: objects, ranges, listings in pages of two, uploads in parts. It verifies
// signatures, and does the faults that a test asks for.
//
// Threads: any; it answers on a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "http/server.h"
#include "net/loop.h"

namespace sluice::place {

class ObjectServer {
 public:
  static constexpr const char* kKeys = "TESTKEY:test-secret";  // that may ask for all
  static constexpr const char* kBearer = "test-token";         // as well

  ObjectServer();
  ~ObjectServer();
  ObjectServer(const ObjectServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  void put(const std::string& path, const std::string& bytes);  // "bucket/key"
  std::optional<std::string> get(const std::string& path) const;
  std::vector<std::string> paths() const;
  std::size_t uploads_under_way() const;
  void allow_anybody();

  // What stands in place of the answer to this request; numbers count from 0.
  struct Fault {
    int status = 0;  // with an error's `code`
    std::string code = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    bool reset = false;                         // the connection, at once;
    std::optional<std::size_t> cut_after = {};  // or after so many bytes of the right answer
    bool then_lost = false;                     // it is carried out, and the connection is reset
  };
  using Faults =
      std::function<std::optional<Fault>(const http::ServerRequest& request, int number)>;
  void set_faults(Faults faults);

  // "GET /bucket/key?query bytes=0-9 206", in order.
  std::vector<std::string> log() const;

 private:
  struct Object {
    std::string bytes;
    std::string tag;
  };
  struct Upload {
    std::string path;
    std::map<int, std::string> parts;
  };
  void answer(const http::ServerRequest& request,
              const std::shared_ptr<http::Responder>& responder);
  http::ServerResponse respond(const http::ServerRequest& request);
  http::ServerResponse read(const http::ServerRequest& request, const std::string& path);
  http::ServerResponse list(const std::string& bucket,
                            const std::map<std::string, std::string>& query);
  http::ServerResponse write(const http::ServerRequest& request, const std::string& path,
                             const std::map<std::string, std::string>& query);
  bool may_ask(const http::ServerRequest& request) const;
  void store(const std::string& path, std::string bytes);

  mutable std::mutex mutex_;  // guards all up to the loop
  std::map<std::string, Object> objects_;
  std::map<std::string, Upload> uploads_;
  std::vector<std::string> log_;
  Faults faults_;
  bool anybody_ = false;
  int requests_ = 0;
  int versions_ = 0;

  net::Loop loop_;
  std::unique_ptr<http::Server> server_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace sluice::place
