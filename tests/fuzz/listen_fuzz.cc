// A request to the listener, and a file of rows, from anywhere. Whatever they hold: an order is taken only from a POST with
// the token to a host that is this machine, all of /api is JSON, and no answer holds the token.
#include <simdjson.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "listen/routes.h"
#include "tests/listen/support.h"

namespace {

using namespace sluice::listen;

void require(bool holds) {
  if (!holds) std::abort();
}

// A file of memory, by a name that can be opened.
class File {
 public:
  explicit File(std::string_view bytes) : fd_(::memfd_create("rows", 0)) {
    require(fd_ >= 0);
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      require(n > 0);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  ~File() { ::close(fd_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

std::string_view next(std::string_view& rest, char end) {
  const std::string_view one = rest.substr(0, rest.find(end));
  rest.remove_prefix(std::min(rest.size(), one.size() + 1));
  return one;
}

}  // namespace

// Method, target, host and authorization are a line each; the rest is the body, and the file of rows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  sluice::http::ServerRequest request;
  request.method = next(rest, '\n');
  request.target = next(rest, '\n');
  request.headers.add("host", next(rest, '\n'));
  const std::string_view authorization = next(rest, '\n');
  request.headers.add("authorization", authorization);
  request.body = rest;
  const File rows(rest);
  FakeSource source;
  source.found = {.answers = rows.path(), .rejects = rows.path()};
  Routes routes(source, *Gate::make({"127.0.0.1", 1}, sluice::core::Secret(std::string(kToken))),
                [] { return ProcessFigures(); });
  const auto response = routes.answer(request);
  if (!source.orders.empty()) {
    require(request.method == "POST" && authorization.size() == 7 + kToken.size() &&
            authorization.ends_with(kToken) && response.status == 200);
  }
  require(response.body.find(kToken) == std::string::npos || rest.find(kToken) != rest.npos);
  if (response.content_type == "application/json") {
    simdjson::dom::parser parser;
    simdjson::dom::element parsed;
    require(!parser.parse(response.body).get(parsed) ||
            parser.parse(response.body).error() == simdjson::MEMALLOC);
  }
  return 0;
}
