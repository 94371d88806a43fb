#include "queue/web_calls.h"

#include <fmt/format.h>

#include <utility>

namespace sluice::queue {
namespace {

constexpr std::chrono::milliseconds kLookEvery{20};

}  // namespace

WebCalls::WebCalls(std::string name, place::Server server, const place::Patience& patience)
    : name_(std::move(name)),
      server_(std::make_shared<const place::Server>(std::move(server))),
      web_(patience) {}

QueueFailure WebCalls::closed_failure(std::string_view what) const {
  return {{core::ErrorCode::io, fmt::format("{} has been ended here", what), name_}, true};
}

QueueResult<place::Answer> WebCalls::finish(std::string_view what, place::Pending& pending) const {
  while (!pending.wait_for(kLookEvery))
    if (closed_) return std::unexpected(closed_failure(what));
  auto answer = pending.take();
  if (answer) return std::move(*answer);
  const bool passing = answer.error().code == core::ErrorCode::io;
  return std::unexpected(
      QueueFailure{{answer.error().code, std::move(answer.error().message), name_}, passing});
}

}  // namespace sluice::queue
