// What the queues in memory have in common that tests take rows from: messages that are withheld once they were delivered,
// answers that were sent, and an HTTP server on a thread of its own. The protocol is the derived class's.
//
// Threads: any; answer() runs on the server's thread, with the lock held.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "core/clock.h"
#include "http/server.h"
#include "net/loop.h"

namespace sluice::queue {

class MessageServer {
 public:
  MessageServer(const MessageServer&) = delete;

  void add(const std::string& text, int delivered_before = 0);
  void add(int from, int to);  // {"id":"0"} …

  std::size_t left() const;      // not acknowledged
  std::size_t withheld() const;  // delivered, and not to be delivered again yet
  int extended() const;          // how often a message was withheld for longer
  std::size_t waiting() const;   // requests that wait for messages
  int calls(const std::string& action) const;
  void show_all();  // as when the time of all is over

 protected:
  struct Stored {
    std::string id;
    std::string text;
    std::string receipt = {};  // the latest
    int deliveries = 0;
    core::Time visible_at = {};
  };

  MessageServer();
  ~MessageServer() = default;
  void start();
  void stop();  // in the derived class's destructor

  int port() const { return port_; }
  virtual void answer(const http::ServerRequest& request,
                      const std::shared_ptr<http::Responder>& responder) = 0;
  // Answers requests that wait, where they can be by now. Under the lock.
  virtual void serve() = 0;
  virtual std::size_t waiting_now() const = 0;
  virtual void forget_waiting() = 0;
  void serve_and_look_again();

  // Under the lock.
  static core::Time steady();
  int count(const std::string& action) { return calls_[action]++; }  // how often before
  void withhold(Stored& message, int seconds);                       // 0: no longer
  void acknowledge(const std::string& receipt);
  Stored* find(const std::string& receipt);  // null: it is not the latest of any

  mutable std::mutex mutex_;
  std::deque<Stored> messages_;

 private:
  std::map<std::string, int> calls_;
  int ids_ = 0;
  int extended_ = 0;

  net::Loop loop_;
  std::unique_ptr<net::Loop::Timer> timer_;
  std::unique_ptr<http::Server> server_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace sluice::queue
