#include "wal/sync_thread.h"

#include <utility>

#include "core/thread_name.h"

namespace sluice::wal {

SyncThread::SyncThread(std::function<core::Status()> sync, std::function<void()> synced)
    : sync_(std::move(sync)), synced_(std::move(synced)), thread_([this] { run(); }) {}

SyncThread::~SyncThread() {
  ending_ = true;
  wanted_.release();
  thread_.join();
}

void SyncThread::start() {
  wanted_.release();
}

core::Status SyncThread::wait() {
  over_.acquire();
  return std::move(status_);
}

void SyncThread::run() {
  core::name_thread("sluice-sync");
  while (true) {
    wanted_.acquire();
    if (ending_) return;
    try {
      status_ = sync_();
    } catch (...) {
      status_ = std::unexpected(core::caught());
    }
    over_.release();
    synced_();
  }
}

}  // namespace sluice::wal
