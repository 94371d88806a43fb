#include "flow/shutdown.h"

namespace sluice::flow {

void Shutdown::stop(std::string why) {
  {
    std::lock_guard lock(mutex_);
    if (why_.empty()) why_ = std::move(why);
  }
  if (stopping_.exchange(true)) return;
  for (const auto& listener : stop_listeners_) listener();
}

void Shutdown::fail(core::Error error) noexcept {
  {
    std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
  }
  if (failed_.exchange(true)) return;
  try {
    stop("failed");
  } catch (...) {  // what it would have prepared, the listeners below end
  }
  for (const auto& listener : failure_listeners_) listener();
}

std::string Shutdown::why() const {
  std::lock_guard lock(mutex_);
  return why_;
}

std::optional<core::Error> Shutdown::error() const {
  std::lock_guard lock(mutex_);
  return error_;
}

}  // namespace sluice::flow
