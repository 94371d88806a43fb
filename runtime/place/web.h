// Requests to servers of files, each tried again until it is answered: a thread of its own with a loop (net/loop.h), a
// client and what proves who asks. Others start a request and wait for it.
//
// Threads: any. A Web is started by its first request, and ends with what is under way.
//
// Invariants:
//   1. Each Pending gets one result, unless it is let go of before: then nothing is tried again for it.
//   2. What is sent may be sent twice: so no request may do harm when it is done again.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "auth/credentials.h"
#include "core/error.h"
#include "http/headers.h"
#include "net/loop.h"
#include "place/settings.h"

namespace sluice::place {

// A server as it is asked. One that is asked often is one object: connections and tokens are kept by it.
struct Server {
  std::string base_url;  // "https://host[:port][/bucket]"
  // GCS inflates what is stored with a Content-Encoding, unless the client says that it takes gzip.
  std::string accept_encoding = "identity";
  // Called once, on the loop's thread. Empty: asks as nobody.
  std::function<core::Result<std::unique_ptr<auth::Credentials>>(net::Loop&, const core::Clock&)>
      credentials = {};
  bool follows = false;  // redirections of GET, up to 5
};

struct Call {
  std::string method = "GET";
  std::string path;  // and query, encoded as it is sent
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::shared_ptr<const std::string> body = {};
  int tries = 0;  // at most; 0: as Patience has it
};

struct Answer {
  int status = 0;
  http::Headers headers;
  std::string body;
  std::string code;  // of an error in XML or JSON: "NoSuchKey"
  int tries = 1;
};

class Pending {
 public:
  // False: there is no result yet.
  bool wait_for(core::Duration longest);
  // Waits for it. Once. ErrorCode::io without a place when no server has answered, or nobody may ask it.
  core::Result<Answer> take();

 private:
  friend class Web;
  void give(core::Result<Answer> result);

  std::mutex mutex_;  // guards result_
  std::condition_variable there_;
  std::optional<core::Result<Answer>> result_;
};

class Web {
 public:
  explicit Web(const Patience& patience);
  ~Web();
  Web(const Web&) = delete;
  Web& operator=(const Web&) = delete;

  // An answer of any status that will not pass by itself, or is the last try's.
  std::shared_ptr<Pending> start(std::shared_ptr<const Server> server, Call call);
  core::Result<Answer> ask(std::shared_ptr<const Server> server, Call call) {
    return start(std::move(server), std::move(call))->take();
  }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::place
