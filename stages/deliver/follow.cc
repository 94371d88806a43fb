#include "deliver/follow.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/thread_name.h"
#include "deliver/pieces.h"
#include "deliver/target.h"

namespace sluice::deliver {
namespace {

constexpr std::chrono::seconds kEvery{1};

// A sink, and how far it has come; without pieces it is still to be looked at.
struct Followed {
  const stages::DeliverySpec& to;
  std::unique_ptr<format::RecordTarget> target = {};
  std::optional<Pieces> pieces = {};
};

core::Status advance(const stages::PipelineSpec& spec, Followed& sink) {
  if (!sink.pieces) {
    std::error_code error;
    if (std::filesystem::file_size(spec.sink.path, error) == 0 || error) return {};
    sink.target = target_of(spec, sink.to);
    auto pieces = Pieces::open(*sink.target, spec.sink.path);
    if (!pieces) return std::unexpected(pieces.error());
    sink.pieces.emplace(std::move(*pieces));
  }
  const auto put = sink.pieces->advance();
  if (put) return {};
  sink.pieces.reset();
  return std::unexpected(put.error());
}

}  // namespace

Follower::Follower(const stages::PipelineSpec& spec, std::function<void(std::string)> notice)
    : spec_(spec), notice_(std::move(notice)) {
  if (spec.read.queue &&
      std::ranges::any_of(spec.sink.deliveries, &stages::DeliverySpec::in_pieces))
    thread_ = std::thread([this] { follow(); });
}

Follower::~Follower() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool Follower::wait() {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, kEvery, [this] { return over_; });
}

void Follower::follow() {
  core::name_thread("sluice-deliver");
  std::vector<Followed> sinks;
  for (const stages::DeliverySpec& to : spec_.sink.deliveries)
    if (to.in_pieces()) sinks.push_back({to});
  bool told = false;
  while (wait()) {
    for (Followed& sink : sinks) {
      const auto advanced = advance(spec_, sink);
      if (!advanced && !std::exchange(told, true))
        notice_("answers are not delivered for now: " + advanced.error().text());
      told = told && !advanced;
    }
  }
}

}  // namespace sluice::deliver
