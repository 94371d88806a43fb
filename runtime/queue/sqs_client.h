// Calls of Amazon SQS, in its JSON protocol, signed (auth/sigv4.h).
//
// Threads: any, several calls at once. Calls block; a request is sent twice at most.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "queue/queue.h"
#include "queue/spec.h"
#include "queue/web_calls.h"

namespace sluice::queue {

// Entries of a call, all services' limit.
constexpr std::size_t kSqsEntries = 10;

std::string sqs_name_of(const Spec& spec);  // "rows"

class SqsClient {
 public:
  // ErrorCode::pipeline for an address or credentials that cannot be used.
  static core::Result<std::unique_ptr<SqsClient>> make(const SqsQueue& at);

  // The answer of an action ("ReceiveMessage") to this body.
  QueueResult<std::string> call(std::string_view action, std::string body);
  // Likewise of all of them, some at once, in their order.
  std::vector<QueueResult<std::string>> calls(std::string_view action,
                                              std::vector<std::string> bodies);
  // Ends calls that are under way, and all to come, with a failure.
  void close() { calls_.close(); }

 private:
  SqsClient(std::string name, place::Server server);
  std::shared_ptr<place::Pending> start(std::string_view action, std::string body);
  QueueResult<std::string> finish(std::string_view action, place::Pending& pending) const;

  WebCalls calls_;
};

// The region of "sqs.REGION.amazonaws.com" and its kin; empty for another host.
std::string sqs_region_of(std::string_view host);

// Of a batch's answer: entries that failed, by their place in the batch ("Id"), with the reason.
struct SqsFailed {
  std::size_t index = 0;
  bool callers_fault = false;  // trying again is of no use
  std::string code;
  std::string message;
};
QueueResult<std::vector<SqsFailed>> read_sqs_failed(const std::string& body);

}  // namespace sluice::queue
