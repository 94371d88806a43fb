#include "mock/engine_queue.h"

#include <algorithm>
#include <utility>

namespace sluice::mock {

EngineQueue::EngineQueue(net::Loop& loop, const core::Clock& clock, const simulate::Engine& engine)
    : clock_(clock), timer_(loop.make_timer()), server_(engine) {}

void EngineQueue::add(const simulate::EngineShape& shape, std::function<void()> first,
                      std::function<void()> ended) {
  run_due();
  works_.emplace(number_, Work{std::move(first), std::move(ended)});
  server_.arrive(clock_.now(), number_++, shape);
  arm();
}

// What it runs may add more.
void EngineQueue::run_due() {
  for (const simulate::EngineEvent& event : server_.advance(clock_.now())) {
    const auto found = works_.find(event.id);
    if (event.kind == simulate::EngineEvent::Kind::first_token) {
      found->second.first();
      continue;
    }
    const Work work = std::move(found->second);
    works_.erase(found);
    work.ended();
  }
}

void EngineQueue::arm() {
  const auto next = server_.next();
  if (!next) return;
  timer_->start(std::max(*next - clock_.now(), core::Duration::zero()), [this] {
    run_due();
    arm();
  });
}

}  // namespace sluice::mock
