#include "redis/caller.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "core/thread_name.h"

namespace sluice::redis {
namespace {

// What commands have come to, for the thread that waits for them.
struct Wait {
  explicit Wait(std::size_t count) : outcomes(count), left(count) {}
  std::mutex mutex;  // guards all below
  std::condition_variable over;
  std::vector<std::optional<Outcome>> outcomes;
  std::size_t left;
};

}  // namespace

// All but `mutex_`, `closed_` and `thread_` is the loop's thread's, once that runs.
class Caller::Impl {
 public:
  explicit Impl(Settings settings) : settings_(std::move(settings)) {}
  ~Impl() { close(); }

  core::Status open() {
    auto made = Connection::make(loop_, settings_);
    if (!made) return std::unexpected(made.error());
    connection_ = std::move(*made);
    thread_ = std::thread([this] {
      core::name_thread("redis");
      loop_.run();
    });
    return {};
  }

  void start(Command command, Connection::Done done) {
    {
      const std::lock_guard lock(mutex_);
      if (!closed_) {
        return loop_.post([this, command = std::move(command), done = std::move(done)]() mutable {
          connection_->command(std::move(command), std::move(done));
        });
      }
    }
    done(std::unexpected(
        Failure{Failure::Kind::closed,
                "the connection to " + settings_.url.shown() + " has been closed here"}));
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(closed_, true)) return;
    }
    // Behind every command; what close() and the commands before it have posted runs before the loop stops.
    loop_.post([this] {
      connection_->close();
      loop_.stop();
    });
    thread_.join();
  }

  const Connection& connection() const { return *connection_; }

 private:
  const Settings settings_;
  net::Loop loop_;
  std::unique_ptr<Connection> connection_;
  std::mutex mutex_;  // guards closed_
  bool closed_ = false;
  std::thread thread_;
};

Caller::Caller(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Caller::~Caller() = default;

core::Result<std::unique_ptr<Caller>> Caller::make(Settings settings) {
  auto impl = std::make_unique<Impl>(std::move(settings));
  if (auto opened = impl->open(); !opened) return std::unexpected(opened.error());
  return std::unique_ptr<Caller>(new Caller(std::move(impl)));
}

std::vector<Outcome> Caller::commands(std::vector<Command> commands) {
  const auto wait = std::make_shared<Wait>(commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    impl_->start(std::move(commands[i]), [wait, i](Outcome outcome) {
      const std::lock_guard lock(wait->mutex);
      wait->outcomes[i] = std::move(outcome);
      if (--wait->left == 0) wait->over.notify_all();
    });
  }
  std::unique_lock lock(wait->mutex);
  wait->over.wait(lock, [&] { return wait->left == 0; });
  std::vector<Outcome> outcomes;
  for (auto& outcome : wait->outcomes) outcomes.push_back(std::move(*outcome));
  return outcomes;
}

Outcome Caller::command(Command command) {
  std::vector<Command> one;
  one.push_back(std::move(command));
  return std::move(commands(std::move(one)).front());
}

void Caller::start(Command command, Connection::Done done) {
  impl_->start(std::move(command), std::move(done));
}

void Caller::close() {
  impl_->close();
}

core::Error error_of(const Failure& failure) {
  return {core::ErrorCode::io, failure.message, {}};
}

}  // namespace sluice::redis
