// Google Pub/Sub in memory, by its REST API: one topic, "answers", and one subscription, "rows", which waits with the answer
// to a pull until there is a message. Held against Google's own server in memory (tests/queue/stranger/pubsub.py).
//
// Threads: any; it answers on a thread of its own.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/queue/message_server.h"

namespace sluice::queue {

class PubsubServer final : public MessageServer {
 public:
  static constexpr int kSubscriptionDeadline = 1;  // seconds; of a message that is only pulled

  PubsubServer() { start(); }
  ~PubsubServer() { stop(); }

  std::string endpoint() const;
  // A pull that nothing comes to is answered after so long, with nothing, as Google's server does; else never.
  void answer_empty_after(std::chrono::milliseconds longest);
  // Counts deliveries, as with a dead-letter policy. A message without text has an attribute alone.
  void count_attempts() { counts_ = true; }

  struct Sent {
    std::string text;
    std::string key;
  };
  std::vector<Sent> sent() const;

  // In place of a method's answer: its status.
  using Faults = std::function<std::optional<int>(const std::string& method, int number)>;
  void set_faults(Faults faults);

 private:
  struct Pull {
    std::shared_ptr<http::Responder> responder;
    std::size_t most;
    core::Time until;
  };
  void answer(const http::ServerRequest& request,
              const std::shared_ptr<http::Responder>& responder) override;
  void serve() override;
  std::size_t waiting_now() const override { return pulls_.size(); }
  void forget_waiting() override { pulls_.clear(); }
  std::string done(const std::string& method, const std::string& body);
  std::string receive(std::size_t most);  // "": there are none

  std::vector<Sent> sent_;
  std::vector<Pull> pulls_;
  std::optional<std::chrono::milliseconds> longest_pull_;
  Faults faults_;
  bool counts_ = false;
};

}  // namespace sluice::queue
