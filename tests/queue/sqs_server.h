// A queue of SQS in memory, by its JSON protocol: it verifies signatures, hides messages for their visibility, and does the
// faults that a test asks for. Long polls are answered when a message comes, or at their end.
//
// Threads: any; it answers on a thread of its own.
#pragma once

#include <deque>
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

class SqsServer {
 public:
  static constexpr const char* kKeys = "TESTKEY:test-secret";  // that may ask

  SqsServer();
  ~SqsServer();
  SqsServer(const SqsServer&) = delete;

  // Of the queue, whatever its name.
  std::string url(const std::string& name = "rows") const;
  void add(const std::string& body);
  void add(int from, int to);  // {"id":"0"} …

  struct Sent {
    std::string body;
    std::string key;    // attribute
    std::string group;  // of a FIFO queue,
    std::string deduplication;
  };
  // Those that the client has sent, in order; the queue does not deliver them.
  std::vector<Sent> sent() const;
  std::size_t left() const;     // not deleted
  std::size_t hidden() const;   // delivered, and not visible yet
  int extended() const;         // how often a message was hidden for longer
  std::size_t polling() const;  // requests that wait for messages
  // Makes all visible, as when their time is over.
  void show_all();
  // How often an action was asked for.
  int calls(const std::string& action) const;

  struct Fault {
    int status = 400;
    std::string type;  // "RequestThrottled"
  };
  // Before the action is done: what stands in place of its answer.
  using Faults = std::function<std::optional<Fault>(const std::string& action, int number)>;
  void set_faults(Faults faults);
  // Entries of batches that fail, by the receipt or the body: code and whether it is the sender's fault.
  using EntryFaults =
      std::function<std::optional<std::pair<std::string, bool>>(const std::string& entry)>;
  void set_entry_faults(EntryFaults faults);

 private:
  struct Stored {
    std::string id;
    std::string body;
    std::string receipt = {};  // the latest
    int deliveries = 0;
    core::Time visible_at = {};
  };
  struct Poll {
    std::shared_ptr<http::Responder> responder;
    std::size_t most;
    std::int64_t visibility;
    core::Time until;
  };
  void answer(const http::ServerRequest& request,
              const std::shared_ptr<http::Responder>& responder);
  bool may_ask(const http::ServerRequest& request) const;
  std::string receive(std::size_t most, std::int64_t visibility);  // "": there are none
  std::string batch(const std::string& action, const std::string& body);
  void serve_polls();

  mutable std::mutex mutex_;  // guards all up to the loop
  std::deque<Stored> messages_;
  std::vector<Sent> sent_;
  std::map<std::string, int> calls_;
  std::vector<Poll> polls_;
  Faults faults_;
  EntryFaults entry_faults_;
  int receipts_ = 0;
  int ids_ = 0;
  int extended_ = 0;

  net::Loop loop_;
  std::unique_ptr<net::Loop::Timer> timer_;
  std::unique_ptr<http::Server> server_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace sluice::queue
