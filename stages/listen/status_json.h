// GET /api/state: a Status as JSON (docs/dashboard.md has every field).
//
// Threads: any; a pure function.
#pragma once

#include <string>

#include "listen/status.h"

namespace sluice::listen {

// What the answer says of the listener itself.
struct Access {
  bool control = false;       // POSTs are possible: a token was set
  bool token_needed = false;  // for everything
};
std::string state_json(const Status& status, const Access& access);

}  // namespace sluice::listen
