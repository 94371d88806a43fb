// Servers of blocking sockets for tests of the real program: one that says what the test wants said
// to each request, and one that passes connections on to another, or drops them.
//
// Threads: a handler runs on threads of the server's own, one request at a time.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace sluice::cli {

// Accepts connections on loopback and gives each to a thread of its own.
class Listener {
 public:
  explicit Listener(std::function<void(int descriptor, int number)> serve);
  ~Listener();  // ends the connections
  Listener(const Listener&) = delete;
  int port() const { return port_; }

 private:
  void accept_all();

  std::function<void(int, int)> serve_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;  // guards open_
  std::list<int> open_;
  std::list<std::thread> threads_;
  std::thread thread_;
};

class StubServer {
 public:
  // Given a request's head and body and its number, from 0: the whole response, bytes as they are.
  using Handler = std::function<std::string(const std::string& request, int number)>;
  explicit StubServer(Handler handler);
  std::string base_url() const {
    return "http://127.0.0.1:" + std::to_string(listener_.port()) + "/v1";
  }
  int requests() const { return requests_; }

 private:
  void serve(int descriptor);

  Handler handler_;
  std::mutex mutex_;  // held while the handler runs
  std::atomic<int> requests_ = 0;
  Listener listener_;
};

// Forwards to 127.0.0.1:`to`, but resets each `every`-th connection as soon as the client has
// spoken.
class DroppingProxy {
 public:
  DroppingProxy(int to, int every);
  int port() const { return listener_.port(); }
  int dropped() const { return dropped_; }

 private:
  const int to_;
  const int every_;
  std::atomic<int> dropped_ = 0;
  Listener listener_;
};

std::string http_reply(int status, std::string_view headers, std::string_view body);
// A chat completion whose answer is that of World::make_job(1).
std::string good_answer();

}  // namespace sluice::cli
