#include "dispatch/dispatch.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "core/random.h"
#include "core/thread_name.h"
#include "dispatch/attempts.h"
#include "dispatch/budget_shares.h"
#include "dispatch/endpoint.h"
#include "dispatch/quota_shares.h"
#include "net/loop.h"
#include "stages/flow_limits.h"

namespace sluice::dispatch {
namespace {

// Threads, tasks, transactions and syncs are paid for by the burst. A burst is at most half of what
// may be in flight, so that one half is at the servers while the other is settled and sent again.
constexpr std::size_t kLeastBurst = 32;
constexpr std::size_t kMostBurst = 512;
// After anything has happened, state() knows of it.
constexpr std::chrono::seconds kStateWithin{1};

class LoopDispatcher final : public Dispatcher, private Sender::Events {
 public:
  explicit LoopDispatcher(Handlers handlers, const core::Clock& clock)
      : handlers_(std::move(handlers)), clock_(clock) {}
  ~LoopDispatcher() override {
    join();
    if (shares_) shares_->close();
    if (budget_) budget_->close();
    store_.reset();  // what is asked of it ends
  }

  core::Status open(const Setup& setup);
  core::Status open_store(const Setup& setup);
  core::Status share_budget(const Setup& setup);

  void start() override {
    if (store_)
      loop_.post([this] {
        shares_->start();
        if (budget_) budget_->start();
      });
    thread_ = std::thread([this] { run(); });
  }
  void submit(std::vector<stages::RequestPtr> requests) override;
  void settled(std::vector<int> by_endpoint) override;
  void drain() override;
  void withhold() override { attempts_->withhold(); }
  void pause(bool paused) override {
    loop_.post([this, paused] {
      attempts_->pause(paused);
      pump();
    });
  }
  void set_budget(core::Money budget) override {
    loop_.post([this, budget] {
      if (budget_)
        budget_->set_total(budget + spent_elsewhere_);
      else
        attempts_->set_budget(budget);
      pump();
    });
  }
  void collected(std::uint32_t endpoint, std::uint64_t lines, core::Money worst,
                 core::Money cost) override {
    loop_.post([=, this] {
      attempts_->collected(endpoint, lines, worst, cost);
      pump();
    });
  }
  void stop_parking(std::uint32_t endpoint, std::string why) override {
    loop_.post([this, endpoint, why = std::move(why)] { attempts_->stop_parking(endpoint, why); });
  }
  void abort() override {
    attempts_->abort();
    loop_.stop();
  }
  void join() override {
    if (!thread_.joinable()) return;
    loop_.post([this] {
      if (!store_) return loop_.stop();
      shares_->leave([this] {
        if (!budget_) return loop_.stop();
        budget_->leave([this] { loop_.stop(); });
      });
    });
    thread_.join();
    attempts_->end();
  }
  State state() const override { return attempts_->state(); }
  bool all_taken() const override { return handed_over_ == taken_; }

 private:
  // All below: the I/O thread.
  void run() noexcept;
  void note(std::string& slot, std::string problem);
  void pump();
  void finished(const schedule::Send& attempt, provider::Reply&& reply,
                std::uint64_t reply_bytes) override;

  const Handlers handlers_;
  const core::Clock& clock_;
  std::atomic<std::uint64_t> handed_over_ = 0;  // calls of submit() and settled()
  std::uint64_t taken_ = 0;                     // of these; the I/O thread's
  net::Loop loop_;
  std::unique_ptr<net::Loop::Timer> timer_ = loop_.make_timer();
  std::unique_ptr<net::Loop::Timer> state_timer_ = loop_.make_timer();
  bool state_due_ = false;  // it runs
  std::unique_ptr<net::Loop::Batcher> pump_soon_;
  std::vector<Endpoint> endpoints_;
  std::unique_ptr<Sender> sender_;
  std::optional<Attempts> attempts_;
  core::Money spent_elsewhere_;
  std::string quota_problem_, budget_problem_;
  std::unique_ptr<QuotaShares> shares_;           // null: quotas are this process's alone
  std::unique_ptr<BudgetShares> budget_;          // null: so is the budget
  std::unique_ptr<pool_store::PoolStore> store_;  // of both; goes first
  std::thread thread_;
};

core::Status LoopDispatcher::open(const Setup& setup) {
  const stages::DispatchSpec& spec = setup.spec.dispatch;
  std::size_t slots = 0;  // of all endpoints, at most
  if (auto opened = open_store(setup); !opened) return opened;
  for (const provider::EndpointSpec& endpoint : spec.endpoints) {
    endpoints_.push_back(make_endpoint(endpoint, setup.question.frame));
    slots += stages::slots_of(endpoint);
  }
  auto sender = setup.make_sender({.loop = loop_,
                                   .specs = spec.endpoints,
                                   .endpoints = endpoints_,
                                   .cancels = spec.hedge,
                                   .clock = clock_,
                                   .events = *this});
  if (!sender) return std::unexpected(sender.error());
  sender_ = std::move(*sender);
  attempts_.emplace(Attempts::Setup{
      .config = schedule_config(spec, endpoints_, setup.checkpoint, setup.used_by_others, clock_),
      .endpoints = endpoints_,
      .checkpoint = setup.checkpoint,
      .handlers = handlers_,
      .sender = *sender_,
      .clock = clock_,
      .rows_to_come = setup.rows_to_come,
      .post =
          [this](std::function<void()> work) {
            loop_.post([this, work = std::move(work)] {
              work();
              if (attempts_->withheld()) pump_soon_->add();  // it has ended there, unsent
            });
          },
      .batches = setup.batches,
      .observer = setup.observer,
      .ended =
          shares_
              ? [this](schedule::EndpointId endpoint,
                       const provider::Outcome& outcome) { shares_->finished(endpoint, outcome); }
              : std::function<void(schedule::EndpointId, const provider::Outcome&)>()});
  pump_soon_ =
      loop_.make_batcher(std::clamp(slots / 2, kLeastBurst, kMostBurst), [this] { pump(); });
  return share_budget(setup);
}

core::Status LoopDispatcher::open_store(const Setup& setup) {
  const stages::DispatchSpec& spec = setup.spec.dispatch;
  if (spec.shared_quota.empty()) return {};
  auto store = pool_store::open_pool_store(loop_, spec.shared_quota);
  if (!store) return std::unexpected(store.error());
  store_ = std::move(*store);
  shares_ = std::make_unique<QuotaShares>(QuotaShares::Setup{
      .loop = loop_,
      .clock = clock_,
      .specs = spec.endpoints,
      .store = *store_,
      .member = core::random_name(16),
      .directory = setup.spec.checkpoint.directory,
      .demanded = [this](schedule::EndpointId endpoint) { return attempts_->demanded(endpoint); },
      .granted =
          [this](schedule::EndpointId endpoint, const schedule::Share& share) {
            attempts_->granted(endpoint, share);
            pump_soon_->add();
          },
      .problem = [this](std::string problem) { note(quota_problem_, std::move(problem)); }});
  return {};
}

core::Status LoopDispatcher::share_budget(const Setup& setup) {
  const stages::DispatchSpec& spec = setup.spec.dispatch;
  if (!store_ || !spec.budget || spec.shared_budget.empty()) return {};
  spent_elsewhere_ = spec.spent_elsewhere;
  budget_ = std::make_unique<BudgetShares>(BudgetShares::Setup{
      .loop = loop_,
      .clock = clock_,
      .store = *store_,
      .name = spec.shared_budget,
      .member = core::random_name(16),
      .directory = setup.spec.checkpoint.directory,
      .total = spec.whole_budget.value_or(*spec.budget),
      .elsewhere = spec.spent_elsewhere,
      .ledger = setup.ledger,
      .spends_as = setup.spends_as,
      .purse = [this] { return attempts_->purse(); },
      .granted =
          [this](core::Money limit, schedule::BudgetPart part) {
            attempts_->set_budget(limit, std::move(part));
            pump_soon_->add();
          },
      .problem = [this](std::string problem) { note(budget_problem_, std::move(problem)); }});
  return budget_->begin();
}

void LoopDispatcher::note(std::string& slot, std::string problem) {
  slot = std::move(problem);
  const bool both = !quota_problem_.empty() && !budget_problem_.empty();
  attempts_->note_shares(quota_problem_ + (both ? "; " : "") + budget_problem_);
}

void LoopDispatcher::submit(std::vector<stages::RequestPtr> requests) {
  ++handed_over_;
  loop_.post([this, requests = std::move(requests)] {
    ++taken_;
    attempts_->submit(requests);
    pump_soon_->add();
  });
}

void LoopDispatcher::settled(std::vector<int> by_endpoint) {
  ++handed_over_;
  loop_.dispatch([this, by_endpoint = std::move(by_endpoint)] {
    ++taken_;
    attempts_->settled(by_endpoint);
    if (!attempts_->handing_on()) pump_soon_->add();
  });
}

void LoopDispatcher::drain() {
  loop_.post([this] {
    attempts_->drain();
    pump();
  });
}

void LoopDispatcher::run() noexcept {
  core::name_thread("sluice-io");
  try {
    loop_.run();
  } catch (...) {
    attempts_->abort();
    handlers_.failed(core::caught());
  }
  try {
    timer_->cancel();
    state_timer_->cancel();
    sender_->stop();
  } catch (...) {
    handlers_.failed(core::caught());
  }
}

void LoopDispatcher::pump() {
  if (!std::exchange(state_due_, true)) {
    state_timer_->start(kStateWithin, [this] {
      state_due_ = false;
      attempts_->publish();
    });
  }
  if (budget_) budget_->look(clock_.now());
  const std::optional<core::Time> wake = attempts_->pump();
  if (!wake) return timer_->cancel();
  timer_->start(clock_.machine_wait(*wake), [this] { pump(); });
}

void LoopDispatcher::finished(const schedule::Send& attempt, provider::Reply&& reply,
                              std::uint64_t reply_bytes) {
  if (attempts_->aborted()) return;
  attempts_->finished(attempt, std::move(reply), reply_bytes);
  pump_soon_->add();
}

}  // namespace

core::Result<std::unique_ptr<Dispatcher>> Dispatcher::make(const Setup& setup, Handlers handlers) {
  auto made = std::make_unique<LoopDispatcher>(std::move(handlers), setup.clock);
  if (auto opened = made->open(setup); !opened) return std::unexpected(opened.error());
  return made;
}

}  // namespace sluice::dispatch
