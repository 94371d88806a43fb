#include "stages/dispatch.h"

#include <algorithm>
#include <atomic>
#include <memory_resource>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "core/thread_name.h"
#include "http/client.h"
#include "provider/attempt_cost.h"
#include "provider/exchange.h"
#include "stages/day_use.h"
#include "stages/dispatch_endpoint.h"
#include "stages/flow_limits.h"
#include "stages/transport_outcome.h"

namespace sluice::stages {
namespace {

constexpr std::chrono::milliseconds kStateEvery{100};
// Threads, tasks, transactions and syncs are paid for by the burst. A burst is at most half of what
// may be in flight, so that one half is at the servers while the other is booked and sent anew.
constexpr std::size_t kLeastBurst = 32;
constexpr std::size_t kMostBurst = 512;

store::Settlement settlement_of(const schedule::Send& send, bool answered,
                                const provider::AttemptCost& cost) {
  return {.attempt = send.attempt,
          .endpoint = send.endpoint,
          .answered = answered,
          .billing = cost.billing,
          .usage = cost.usage,
          .cost = cost.cost,
          .estimate = cost.estimate,
          .charged = cost.charged};
}

class LoopDispatcher final : public Dispatcher {
 public:
  LoopDispatcher(checkpoint::Checkpoint& checkpoint, DispatchHandlers handlers)
      : checkpoint_(checkpoint),
        handlers_(std::move(handlers)),
        client_(std::make_unique<http::Client>(loop_)) {}
  ~LoopDispatcher() override { join(); }

  core::Status add_endpoint(const provider::EndpointSpec& spec, const Question& question);
  void configure(const PipelineSpec& spec, const DayUses& used_elsewhere);

  void start() override {
    thread_ = std::thread([this] { run(); });
  }
  void submit(std::vector<RequestPtr> requests) override;
  void booked(std::vector<int> by_endpoint) override;
  void drain() override {
    loop_.post([this] {
      scheduler_->drain();
      pump();
    });
  }
  void abort() override {
    aborted_ = true;
    loop_.stop();
  }
  void join() override {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
    keep_day_use(clock_.now());
    publish_state(clock_.now());
  }
  DispatchState state() const override {
    std::lock_guard lock(state_mutex_);
    return state_;
  }

 private:
  // All below: the I/O thread.
  void run() noexcept;
  void pump();
  void hand_over();
  void act(const schedule::Send& send);
  void act(const schedule::Cancel& action);
  void act(const schedule::RejectRequest& action) {
    handlers_.rejected(take(action.request), action.reject);
  }
  void act(const schedule::SplitRequest& action) {
    handlers_.split(take(action.request), action.cause);
  }
  void act(const schedule::ReleaseRequest& action) {
    handlers_.released(take(action.request), action.why);
  }
  void act(const schedule::Halt& halt) { handlers_.halted(halt.cause, halt.message); }
  RequestPtr take(schedule::RequestId id);

  void send(const std::vector<schedule::Send>& sends) {
    for (const schedule::Send& s : sends) send(s);
  }
  void send(const schedule::Send& send);
  // As if the client had cancelled it, before anything was sent.
  void not_sent(const schedule::Send& send);
  void ended(const schedule::Send& send, std::expected<http::Response, http::Failure> result);
  provider::Reply read(DispatchEndpoint& endpoint, const schedule::Send& send,
                       const std::expected<http::Response, http::Failure>& result);
  // Drops from the reply's outcome what cannot be true, and counts it.
  void hold_against(const DispatchEndpoint& endpoint, const schedule::Send& send,
                    std::size_t reply_bytes, provider::Reply& reply);
  void publish_state(core::Time now);
  // What is used of the endpoint's daily quotas now.
  schedule::DayUsed day_used(std::size_t endpoint, const provider::EndpointSpec& spec,
                             const DayUses& elsewhere) const;
  // Tells the checkpoint what is used of them.
  void keep_day_use(core::Time now);

  checkpoint::Checkpoint& checkpoint_;
  const DispatchHandlers handlers_;
  const core::SystemClock clock_;
  http::Loop loop_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<http::Loop::Timer> timer_ = loop_.make_timer();
  std::unique_ptr<http::Loop::Gather> pump_soon_;
  std::vector<DispatchEndpoint> endpoints_;
  std::size_t slots_ = 0;        // of all endpoints, at most
  std::size_t frame_bytes_ = 0;  // of system text and schema, which every request carries
  std::optional<schedule::Scheduler> scheduler_;
  std::pmr::unsynchronized_pool_resource nodes_;  // of requests_
  std::pmr::unordered_map<schedule::RequestId, RequestPtr> requests_{
      &nodes_};                                                        // waiting or in flight
  std::unordered_map<schedule::AttemptId, http::RequestHandle> sent_;  // with hedging alone
  std::atomic<bool> aborted_ = false;
  bool handing_over_ = false;
  bool hedge_ = false;
  std::vector<schedule::Action> actions_;
  std::vector<schedule::Send> sends_;  // of this pump: one burst of intents
  Completions completions_;
  std::vector<store::Settlement> failures_;
  std::vector<provider::HeaderView> header_views_;  // here so that its memory is kept
  DispatchState totals_;
  core::Time published_{};

  mutable std::mutex state_mutex_;  // guards state_
  DispatchState state_;
  std::thread thread_;
};

core::Status LoopDispatcher::add_endpoint(const provider::EndpointSpec& spec,
                                          const Question& question) {
  auto endpoint = make_endpoint(spec, question.frame, *client_);
  if (!endpoint) return std::unexpected(endpoint.error());
  slots_ += slots_of(spec);
  frame_bytes_ = std::max(frame_bytes_, endpoint->frame_bytes());
  endpoints_.push_back(std::move(*endpoint));
  return {};
}

void LoopDispatcher::configure(const PipelineSpec& spec, const DayUses& used_elsewhere) {
  schedule::Config config;
  const store::Account account = checkpoint_.account();
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    const provider::EndpointSpec& from = spec.dispatch.endpoints[i];
    config.endpoints.push_back(
        {from.name, from.limits, endpoints_[i].price, endpoints_[i].output_cap, from.weight,
         pays_to_warm_up(endpoints_[i].price, frame_bytes_), from.max_output_tokens.has_value(),
         i < account.endpoints.size() && account.endpoints[i].answered > 0,
         day_used(i, from, used_elsewhere)});
  }
  config.route = spec.dispatch.route;
  config.hedge = hedge_ = spec.dispatch.hedge;
  config.retry.attempts = 1 + spec.dispatch.retries;
  config.budget = spec.dispatch.budget;
  config.spent = checkpoint_.opened().spent;
  if (spec.dispatch.deadline) config.deadline = clock_.now() + *spec.dispatch.deadline;
  config.first_attempt = checkpoint_.opened().next_attempt;
  config.seed = checkpoint_.opened().next_attempt;
  scheduler_.emplace(std::move(config));
  pump_soon_ =
      loop_.make_gather(std::clamp(slots_ / 2, kLeastBurst, kMostBurst), [this] { pump(); });
  publish_state(clock_.now());
}

void LoopDispatcher::submit(std::vector<RequestPtr> requests) {
  loop_.post([this, requests = std::move(requests)] {
    const core::Time now = clock_.now();
    for (const RequestPtr& request : requests) {
      requests_.emplace(request->id, request);
      const std::size_t bytes = frame_bytes_ + request->user_content->size();
      scheduler_->submitted(now, {request->id, static_cast<std::uint32_t>(bytes),
                                  static_cast<std::uint32_t>(request->items.size())});
    }
    pump_soon_->add();
  });
}

void LoopDispatcher::booked(std::vector<int> by_endpoint) {
  loop_.dispatch([this, by_endpoint = std::move(by_endpoint)] {
    for (std::size_t e = 0; e < by_endpoint.size(); ++e)
      if (by_endpoint[e] > 0) scheduler_->let_go(static_cast<std::uint32_t>(e), by_endpoint[e]);
    if (!handing_over_) pump_soon_->add();
  });
}

void LoopDispatcher::run() noexcept {
  core::name_thread("sluice-io");
  try {
    loop_.run();
  } catch (...) {
    aborted_ = true;
    handlers_.failed(core::caught());
  }
  try {
    timer_->cancel();
    client_.reset();
  } catch (...) {
    handlers_.failed(core::caught());
  }
}

void LoopDispatcher::pump() {
  if (aborted_) return;
  hand_over();  // first: replies that are read at once make room for what is sent below
  const core::Time now = clock_.now();
  actions_.clear();
  scheduler_->poll(now, actions_);
  for (const schedule::Action& action : actions_) {
    std::visit([this](const auto& a) { act(a); }, action);
  }
  if (!failures_.empty()) checkpoint_.commit({std::exchange(failures_, {}), {}}, [] {});
  if (!sends_.empty()) {
    std::vector<store::Intent> intents;
    intents.reserve(sends_.size());
    keep_day_use(now);
    for (const schedule::Send& s : sends_)
      intents.push_back({s.attempt, s.endpoint, s.worst_cost, s.worst_usage});
    auto sends = std::make_shared<std::vector<schedule::Send>>(std::exchange(sends_, {}));
    const bool durable = checkpoint_.intend(
        std::move(intents), [this, sends] { loop_.post([this, sends] { send(*sends); }); });
    if (durable) send(*sends);
  }

  if (now - published_ >= kStateEvery) publish_state(now);
  const std::optional<core::Time> wake = scheduler_->wake_at(now);
  if (!wake) return timer_->cancel();
  timer_->start(std::max(*wake - now, core::Duration::zero()), [this] { pump(); });
}

void LoopDispatcher::hand_over() {
  if (completions_.empty() || aborted_) return;
  handing_over_ = true;
  handlers_.completed(std::exchange(completions_, {}));
  handing_over_ = false;
}

void LoopDispatcher::act(const schedule::Send& send) {
  sends_.push_back(send);
}

RequestPtr LoopDispatcher::take(schedule::RequestId id) {
  auto node = requests_.extract(id);
  return std::move(node.mapped());
}

void LoopDispatcher::send(const schedule::Send& send) {
  if (aborted_) return;
  DispatchEndpoint& endpoint = endpoints_[send.endpoint];
  const auto found = requests_.find(send.request);
  if (found == requests_.end()) return not_sent(send);  // answered while the intent was committed
  const RequestPtr& request = found->second;
  http::Request out;
  out.path = endpoint.path;
  out.headers = endpoint.headers;
  out.body = {endpoint.prefix, request->user_content, endpoint.suffix};
  const http::RequestHandle handle =
      client_->send(endpoint.origin, std::move(out),
                    [this, send](std::expected<http::Response, http::Failure> result) {
                      ended(send, std::move(result));
                    });
  if (hedge_) sent_.emplace(send.attempt, handle);
}

void LoopDispatcher::not_sent(const schedule::Send& send) {
  ended(send, std::unexpected(
                  http::Failure{.kind = http::Failure::Kind::cancelled, .message = "not needed"}));
}

void LoopDispatcher::act(const schedule::Cancel& action) {
  const auto found = sent_.find(action.attempt);
  if (found != sent_.end()) client_->cancel(found->second);
}

void LoopDispatcher::ended(const schedule::Send& send,
                           std::expected<http::Response, http::Failure> result) {
  if (aborted_) return;
  if (hedge_) sent_.erase(send.attempt);
  DispatchEndpoint& endpoint = endpoints_[send.endpoint];
  provider::Reply reply = read(endpoint, send, result);
  const provider::Outcome& outcome = reply.outcome;

  const provider::AttemptCost cost = provider::attempt_cost(
      outcome, endpoint.price, {.usage = send.worst_usage, .cost = send.worst_cost});
  ++totals_.attempts;
  totals_.usage += outcome.usage;
  if (outcome.billing == provider::Billing::known) totals_.cost += cost.cost;

  const core::Time now = clock_.now();
  const bool wanted = scheduler_->answered(now, send.request, send.attempt, outcome);
  if (outcome.action == provider::Action::none && wanted) {
    scheduler_->hold(send.endpoint);  // until booked()
    RequestPtr request = take(send.request);
    if (completions_.empty()) completions_.reserve(kCompletions);
    completions_.push_back({std::move(request), std::move(reply), settlement_of(send, true, cost)});
    if (completions_.size() == kCompletions) hand_over();
  } else {
    ++totals_.failures;
    store::Settlement settlement = settlement_of(send, false, cost);
    settlement.problem = scheduler_->problem(now, send.endpoint);
    failures_.push_back(std::move(settlement));
  }
  pump_soon_->add();
}

provider::Reply LoopDispatcher::read(DispatchEndpoint& endpoint, const schedule::Send& send,
                                     const std::expected<http::Response, http::Failure>& result) {
  if (!result) {
    provider::Reply reply;
    reply.outcome = outcome_of(result.error());
    return reply;
  }
  header_views_.assign(result->headers.begin(), result->headers.end());
  provider::Reply reply =
      endpoint.codec->read(result->status, header_views_, result->body, clock_.wall_now());
  hold_against(endpoint, send, result->body.size(), reply);
  return reply;
}

void LoopDispatcher::hold_against(const DispatchEndpoint& endpoint, const schedule::Send& send,
                                  std::size_t reply_bytes, provider::Reply& reply) {
  // A hedge's loser: its request is answered and gone, and it holds nothing against the bounds that
  // rest on the prompt.
  const auto request = requests_.find(send.request);
  const std::uint64_t prompt =
      request == requests_.end() ? 0 : request->second->user_content->size();
  const std::uint64_t sent =
      request == requests_.end() ? send.worst_usage.input : endpoint.frame_bytes() + prompt;
  const provider::Doubts doubts = provider::hold_against(reply.outcome,
                                                         {.sent = sent,
                                                          .prompt = prompt,
                                                          .words = provider::word_bytes(reply.text),
                                                          .reply = reply_bytes,
                                                          .max_output_tokens = endpoint.output_cap},
                                                         endpoint.price, send.worst_cost);
  if (doubts.charge) ++totals_.odd_charges;
  if (!doubts.usage) return;
  ++totals_.uncounted;
  totals_.uncounted_cost += send.worst_cost;
}

schedule::DayUsed LoopDispatcher::day_used(std::size_t endpoint, const provider::EndpointSpec& spec,
                                           const DayUses& elsewhere) const {
  std::vector<store::DayUse> kept;
  const std::vector<store::DayUse>& own = checkpoint_.opened().day_use;
  if (endpoint < own.size()) kept.push_back(own[endpoint]);
  const auto [begin, end] = elsewhere.equal_range(spec.name);
  for (auto other = begin; other != end; ++other) kept.push_back(other->second);
  schedule::DayUsed used = used_now(kept, spec.limits, clock_.wall_now());
  used.at = clock_.now();
  return used;
}

void LoopDispatcher::keep_day_use(core::Time now) {
  for (std::uint32_t e = 0; e < endpoints_.size(); ++e) {
    if (const auto used = scheduler_->day_used(now, e))
      checkpoint_.set_day_use(e, to_keep(*used, clock_.wall_now()));
  }
}

void LoopDispatcher::publish_state(core::Time now) {
  published_ = now;
  totals_.schedule = scheduler_->snapshot(now);
  std::lock_guard lock(state_mutex_);
  state_ = totals_;
}

}  // namespace

core::Result<std::unique_ptr<Dispatcher>> Dispatcher::make(const PipelineSpec& spec,
                                                           const Question& question,
                                                           checkpoint::Checkpoint& checkpoint,
                                                           DispatchHandlers handlers,
                                                           const DayUses& used_elsewhere) {
  auto made = std::make_unique<LoopDispatcher>(checkpoint, std::move(handlers));
  for (const provider::EndpointSpec& endpoint : spec.dispatch.endpoints) {
    if (auto added = made->add_endpoint(endpoint, question); !added)
      return std::unexpected(added.error());
  }
  made->configure(spec, used_elsewhere);
  return made;
}

}  // namespace sluice::stages
