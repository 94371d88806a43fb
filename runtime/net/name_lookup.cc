#include "net/name_lookup.h"

#include <cstring>
#include <utility>

#include "net/loop_impl.h"

namespace sluice::net {
namespace {

struct Question {
  uv_getaddrinfo_t request{};
  NameLookup::Done done;           // empty: nobody wants to know any more
  std::shared_ptr<Question> self;  // while libuv has it
};

std::vector<sockaddr_storage> addresses_of(const addrinfo* found) {
  std::vector<sockaddr_storage> addresses;
  for (const addrinfo* info = found; info; info = info->ai_next) {
    if (info->ai_family != AF_INET && info->ai_family != AF_INET6) continue;
    std::memcpy(&addresses.emplace_back(), info->ai_addr, info->ai_addrlen);
  }
  return addresses;
}

void on_answer(uv_getaddrinfo_t* request, int status, addrinfo* found) {
  const auto question = std::exchange(static_cast<Question*>(request->data)->self, nullptr);
  const std::unique_ptr<addrinfo, decltype(&uv_freeaddrinfo)> owned(found, &uv_freeaddrinfo);
  const NameLookup::Done done = std::exchange(question->done, nullptr);
  if (done) done(status, addresses_of(found));
}

class SystemLookup final : public NameLookup {
 public:
  std::shared_ptr<void> ask(Loop& loop, const std::string& host, Done done) override {
    auto question = std::make_shared<Question>();
    question->done = std::move(done);
    question->self = question;
    question->request.data = question.get();
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    const auto answered = [](uv_getaddrinfo_t* request, int result, addrinfo* found) {
      guarded(request->loop, [&] { on_answer(request, result, found); });
    };
    const int status = uv_getaddrinfo(&loop.impl().uv, &question->request, answered, host.c_str(),
                                      nullptr, &hints);
    const bool begun = status == 0;
    if (!begun) loop.post([question, status] { on_answer(&question->request, status, nullptr); });
    return {question.get(), [question, begun](Question* asked) {
              asked->done = nullptr;
              // Takes effect when it has not begun.
              if (begun && asked->self) uv_cancel(reinterpret_cast<uv_req_t*>(&asked->request));
            }};
  }
};

}  // namespace

NameLookup& system_lookup() {
  static SystemLookup lookup;
  return lookup;
}

}  // namespace sluice::net
