// A sender that sends nothing: what comes back is what a test says (replies.h). Tokens are counted
// as the mock does, four bytes a token.
//
// Threads: as Sender.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dispatch/sender.h"
#include "rehearse/replies.h"

namespace sluice::rehearse {

// A request as it was sent.
struct Sent {
  std::string system;
  std::string user;
};

// What the senders of a case note; read it when the run has ended.
struct Notes {
  std::vector<Sent> sent;
  std::size_t unreported = 0;  // of these, whose replies the sender has yet to report
  std::string problem;         // why the test itself cannot go on: a row without a reply
};

// All must outlive the sender.
std::unique_ptr<dispatch::Sender> make_scripted_sender(const dispatch::SenderSetup& setup,
                                                       const stages::Question& question,
                                                       Replies& replies, Notes& notes);

}  // namespace sluice::rehearse
