// One request to a server of this machine, and its answer. Blocks; no pool, no time-out but the test's own.
#pragma once

#include <string>

namespace sluice::cli {

struct HttpReply {
  int status = 0;  // 0: no answer came
  std::string head;
  std::string body;
};
// `headers`: lines, each with its CRLF.
HttpReply http_ask(int port, const std::string& method, const std::string& target,
                   const std::string& headers = "Host: localhost\r\n",
                   const std::string& body = "");

}  // namespace sluice::cli
