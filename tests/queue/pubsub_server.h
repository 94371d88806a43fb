// Google Pub/Sub in memory, by its REST API: one topic, "answers", and one subscription, "rows", which waits with the answer
// to a pull until there is a message.
//
// Threads: any; it answers on a thread of its own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "http/server.h"
#include "net/loop.h"

namespace sluice::queue {

class PubsubServer {
 public:
  static constexpr int kSubscriptionDeadline = 1;  // seconds; of a message that is only pulled

  PubsubServer();
  ~PubsubServer();
  PubsubServer(const PubsubServer&) = delete;

  std::string endpoint() const;
  // Empty: with an attribute alone.
  void add(const std::string& text, int delivered_before = 0);
  void add(int from, int to);  // {"id":"0"} …
  // Counts deliveries, as with a dead-letter policy.
  void count_attempts() { counts_ = true; }

  struct Sent {
    std::string text;
    std::string key;
  };
  std::vector<Sent> sent() const;
  std::size_t left() const;      // not acknowledged
  std::size_t withheld() const;  // delivered, and within their deadline
  std::size_t pulling() const;   // pulls that wait
  int extended() const;          // how often a message's deadline was set, but to zero
  int calls(const std::string& method) const;
  void show_all();  // as when all deadlines are over

  // In place of a method's answer: its status.
  using Faults = std::function<std::optional<int>(const std::string& method, int number)>;
  void set_faults(Faults faults);

 private:
  struct Stored {
    std::string id;
    std::string text;
    std::string ack_id = {};  // the latest
    int deliveries = 0;
    core::Time visible_at = {};
  };
  struct Pull {
    std::shared_ptr<http::Responder> responder;
    std::size_t most;
  };
  void answer(const http::ServerRequest& request,
              const std::shared_ptr<http::Responder>& responder);
  std::string done(const std::string& method, const std::string& body);
  std::string receive(std::size_t most);  // "": there are none
  void serve_pulls();

  mutable std::mutex mutex_;  // guards all up to the loop
  std::vector<Stored> messages_;
  std::vector<Sent> sent_;
  std::map<std::string, int> calls_;
  std::vector<Pull> pulls_;
  Faults faults_;
  bool counts_ = false;
  int ids_ = 0;
  int extended_ = 0;

  net::Loop loop_;
  std::unique_ptr<net::Loop::Timer> timer_;
  std::unique_ptr<http::Server> server_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace sluice::queue
