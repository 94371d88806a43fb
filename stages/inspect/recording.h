// What goes to the endpoints and comes back, as a run sees it: a Sender around another one, which
// notes each attempt with its request and the reply as it came.
//
// Threads: a Recording is written by the run's I/O thread; read it when the run has ended.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/hash.h"
#include "dispatch/sender.h"
#include "inspect/request_text.h"
#include "provider/outcome.h"

namespace sluice::inspect {

// One attempt.
struct Exchange {
  struct Row {
    std::string name;                  // row_name_of()
    core::Hash128 identity;            // Item's
    std::uint64_t line = 0;            // in its file
    std::vector<std::string> history;  // why it is asked again; empty the first time
  };
  std::uint64_t number = 0;  // from 1, in the order of sending
  std::uint64_t attempt = 0;
  std::uint64_t request = 0;  // that of an earlier attempt where it was sent again
  std::string endpoint;       // name
  std::vector<Row> rows;
  RequestText sent;

  bool ended = false;
  int status = 0;     // HTTP status; 0: no response
  std::string reply;  // the body as it came, the key masked; empty without a response
  std::string text;   // the model's words in it
  provider::Outcome outcome;
  core::Duration took{};
};

struct Recording {
  std::vector<Exchange> exchanges;  // in the order of sending
};

// `ended`: called for each attempt that has ended, on the I/O thread; may be empty. The recording
// must outlive the sender.
dispatch::MakeSender recorded(dispatch::MakeSender inner, Recording& recording,
                              std::function<void(const Exchange&)> ended);

}  // namespace sluice::inspect
