#include "checkpoint/key_feeder.h"

#include <system_error>
#include <utility>

#include "core/thread_name.h"

namespace sluice::checkpoint {

KeyFeeder::KeyFeeder(Take take, bool own_thread) : take_(std::move(take)) {
  if (!own_thread) return;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {  // then without
  }
}

KeyFeeder::~KeyFeeder() {
  if (thread_.joinable()) (void)finish();
}

core::Status KeyFeeder::add(std::span<const core::Hash128> keys, std::int64_t block) {
  if (!thread_.joinable()) {
    if (status_) status_ = take_(keys, block);
    return status_;
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !status_ || waiting_.keys.size() < kMostWaiting; });
  if (!status_) return status_;
  waiting_.keys.insert(waiting_.keys.end(), keys.begin(), keys.end());
  waiting_.pieces.push_back({keys.size(), block});
  lock.unlock();
  changed_.notify_all();
  return {};
}

core::Status KeyFeeder::finish() {
  if (!thread_.joinable()) return status_;
  {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
  }
  changed_.notify_all();
  thread_.join();
  return status_;
}

void KeyFeeder::run() {
  core::name_thread("sluice-index");
  Waiting taken;
  while (true) {
    taken.keys.clear();
    taken.pieces.clear();
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return finishing_ || !waiting_.pieces.empty(); });
      if (waiting_.pieces.empty()) return;
      std::swap(waiting_, taken);
    }
    changed_.notify_all();
    core::Status status;
    try {
      status = take_all(taken);
    } catch (...) {
      status = std::unexpected(core::caught());
    }
    if (status) continue;
    {
      const std::lock_guard lock(mutex_);
      status_ = std::move(status);
    }
    changed_.notify_all();
    return;
  }
}

core::Status KeyFeeder::take_all(const Waiting& taken) const {
  std::span<const core::Hash128> rest = taken.keys;
  for (const Piece& piece : taken.pieces) {
    if (auto status = take_(rest.first(piece.count), piece.block); !status) return status;
    rest = rest.subspan(piece.count);
  }
  return {};
}

}  // namespace sluice::checkpoint
