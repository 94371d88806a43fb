// A queue of SQS in memory, by its JSON protocol: it verifies signatures, hides messages for their visibility, and does the
// faults that a test asks for. Long polls are answered when a message comes, or at their end.
//
// Threads: any; it answers on a thread of its own.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/queue/message_server.h"

namespace sluice::queue {

class SqsServer final : public MessageServer {
 public:
  static constexpr const char* kKeys = "TESTKEY:test-secret";  // that may ask

  SqsServer() { start(); }
  ~SqsServer() { stop(); }

  // Of the queue, whatever its name.
  std::string url(const std::string& name = "rows") const;

  struct Sent {
    std::string body;
    std::string key;    // attribute
    std::string group;  // of a FIFO queue,
    std::string deduplication;
  };
  // Those that the client has sent, in order; the queue does not deliver them.
  std::vector<Sent> sent() const;

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
  struct Poll {
    std::shared_ptr<http::Responder> responder;
    std::size_t most;
    std::int64_t visibility;
    core::Time until;
  };
  void answer(const http::ServerRequest& request,
              const std::shared_ptr<http::Responder>& responder) override;
  void serve() override;
  std::size_t waiting_now() const override { return polls_.size(); }
  void forget_waiting() override { polls_.clear(); }
  bool may_ask(const http::ServerRequest& request) const;
  std::string receive(std::size_t most, std::int64_t visibility);  // "": there are none
  std::string batch(const std::string& action, const std::string& body);

  std::vector<Sent> sent_;
  std::vector<Poll> polls_;
  Faults faults_;
  EntryFaults entry_faults_;
  int receipts_ = 0;
};

}  // namespace sluice::queue
