#include "pool_store/postgres_pool_store.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "core/thread_name.h"
#include "fleet/pool.h"
#include "pool_store/postgres_pools.h"

namespace sluice::pool_store {
namespace {

// The steps of an update are the thread's; between them the change is made on the loop.
//
//   update() → [read] → change() → [write] → done()
//                ▲                    │ another has written
//                └────────────────────┘
class PostgresPoolStore final : public PoolStore {
 public:
  PostgresPoolStore(net::Loop& loop, const core::Secret& address)
      : loop_(loop), pools_(address, stop_), thread_([this] { work(); }) {}

  ~PostgresPoolStore() override {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_one();
    thread_.join();
    *open_ = false;
    for (const auto& updating : std::exchange(under_way_, {}))
      updating->done(core::fail(core::ErrorCode::io, "the store of shared quotas was closed"));
  }

  void update(const std::string& name, Change change, Done done) override {
    under_way_.push_back(std::make_shared<Updating>(
        Updating{.name = name,
                 .change = std::move(change),
                 .done = std::move(done),
                 .until = std::chrono::steady_clock::now() + fleet::kCallTimeout}));
    read(under_way_.back());
  }

 private:
  struct Updating {
    std::string name;
    Change change;
    Done done;
    std::chrono::steady_clock::time_point until;  // no step is begun from then on
    int tries = 0;
  };
  using Updated = std::shared_ptr<Updating>;

  void read(const Updated& updating) {
    later(updating, [this, updating] {
      return [this, updating, read = pools_.read(updating->name)] {
        if (!read) return end(updating, std::unexpected(read.error()));
        if (++updating->tries > kMostTries)
          return end(updating, core::fail(core::ErrorCode::io, "others were faster each time"));
        auto next = updating->change(read->text, read->now);
        if (!next) return end(updating, std::unexpected(next.error()));
        write(updating, read->version, std::move(*next));
      };
    });
  }

  void write(const Updated& updating, std::optional<std::int64_t> version, std::string text) {
    later(updating, [this, updating, version, text = std::move(text)] {
      return [this, updating, written = pools_.write(updating->name, version, text)] {
        if (!written) return end(updating, std::unexpected(written.error()));
        if (*written) return end(updating, {});
        read(updating);
      };
    });
  }

  void end(const Updated& updating, core::Status status) {
    std::erase(under_way_, updating);
    updating->done(std::move(status));
  }

  // Has the thread do a step, and the loop what comes of it.
  template <class Step>
  void later(const Updated& updating, Step step) {
    auto work = [this, updating, step = std::move(step)]() -> std::function<void()> {
      if (std::chrono::steady_clock::now() < updating->until) return step();
      return [this, updating] {
        end(updating, core::fail(core::ErrorCode::io, "the server has not answered in time"));
      };
    };
    {
      std::lock_guard lock(mutex_);
      steps_.push_back(std::move(work));
    }
    wake_.notify_one();
  }

  void work() {
    core::name_thread("sluice-pool");
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return stop_ || !steps_.empty(); });
      if (stop_) return;
      const auto step = std::move(steps_.front());
      steps_.pop_front();
      lock.unlock();
      loop_.post([open = open_, next = step()] {
        if (*open) next();
      });
      lock.lock();
    }
  }

  net::Loop& loop_;
  std::vector<Updated> under_way_;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);  // the loop's

  std::mutex mutex_;  // guards steps_
  std::condition_variable wake_;
  std::deque<std::function<std::function<void()>()>> steps_;  // one at most for each of under_way_
  std::atomic<bool> stop_ = false;
  PostgresPools pools_;  // the thread's
  std::thread thread_;
};

}  // namespace

std::unique_ptr<PoolStore> open_postgres(net::Loop& loop, const core::Secret& address) {
  return std::make_unique<PostgresPoolStore>(loop, address);
}

}  // namespace sluice::pool_store
