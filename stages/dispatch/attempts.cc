#include "dispatch/attempts.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>
#include <variant>

#include "dispatch/config.h"
#include "dispatch/day_use.h"

namespace sluice::dispatch {
namespace {

constexpr std::chrono::milliseconds kStateEvery{100};

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

// "Invalid 'input[22]': maximum input length is 8192 tokens." names the 23rd text of a request.
std::optional<std::size_t> named_input(std::string_view message) {
  constexpr std::string_view kName = "input[";
  const std::size_t at = message.find(kName);
  if (at == message.npos) return std::nullopt;
  const char* const end = message.data() + message.size();
  std::size_t number = 0;
  const auto [stop, error] = std::from_chars(message.data() + at + kName.size(), end, number);
  if (error != std::errc() || stop == end || *stop != ']') return std::nullopt;
  return number;
}

// Of an attempt that need not be sent: its request was answered while the intent was committed.
provider::Reply not_needed() {
  provider::Reply reply;
  reply.outcome.action = provider::Action::retry;
  reply.outcome.cause = provider::Cause::cancelled;
  reply.outcome.message = "not needed";
  return reply;
}

}  // namespace

observe::Health health_of(const schedule::EndpointState& state, core::Time now) {
  if (state.stopped) return observe::Health::stopped;
  if (state.breaker == schedule::BreakerState::open) return observe::Health::broken;
  if (state.breaker == schedule::BreakerState::half_open) return observe::Health::probing;
  const bool cooling = state.cooling_until && *state.cooling_until > now;
  return cooling ? observe::Health::cooling : observe::Health::fine;
}

Attempts::Attempts(Setup setup)
    : endpoints_(setup.endpoints),
      checkpoint_(setup.checkpoint),
      handlers_(setup.handlers),
      sender_(setup.sender),
      clock_(setup.clock),
      rows_to_come_(std::move(setup.rows_to_come)),
      post_(std::move(setup.post)),
      batches_(setup.batches),
      observer_(setup.observer),
      ended_(std::move(setup.ended)),
      healths_(setup.endpoints.size()),
      frame_bytes_(longest_frame(setup.endpoints)),
      scheduler_(std::move(setup.config)) {
  publish(clock_.now());
}

void Attempts::submit(const std::vector<stages::RequestPtr>& requests) {
  const core::Time now = clock_.now();
  for (const stages::RequestPtr& request : requests) {
    requests_.emplace(request->id, Open{request, now});
    rows_submitted_ += request->items.size();
    ++requests_submitted_;
    const std::size_t bytes = frame_bytes_ + stages::counted_bytes(*request);
    std::uint32_t batches = 0;
    for (const stages::Item& item : request->items) batches = std::max(batches, item.batches);
    scheduler_.submitted(now, {request->id, static_cast<std::uint32_t>(bytes),
                               static_cast<std::uint32_t>(request->items.size()), batches});
  }
}

void Attempts::settled(std::span<const int> by_endpoint) {
  for (std::size_t e = 0; e < by_endpoint.size(); ++e)
    if (by_endpoint[e] > 0)
      scheduler_.release_slot(static_cast<schedule::EndpointId>(e), by_endpoint[e]);
}

std::optional<core::Time> Attempts::pump() {
  if (aborted_) return std::nullopt;
  hand_on();  // first: replies that are read at once make room for what is sent below
  const core::Time now = clock_.now();
  actions_.clear();
  look_ahead();
  scheduler_.poll(now, actions_);
  for (const schedule::Action& action : actions_) {
    std::visit([this](const auto& a) { act(a); }, action);
  }
  commit_failures();
  if (batches_ != nullptr) batches_->seal_old();
  if (!sends_.empty()) intend(now);
  if (now - published_ >= kStateEvery) publish(now);
  return scheduler_.wake_at(now);
}

void Attempts::act(const schedule::Park& park) {
  stages::RequestPtr request = take(park.request, How::parked);
  const Endpoint& endpoint = endpoints_[park.endpoint];
  std::string body = *endpoint.form->prefix();
  body += *endpoint.codec->content(request->user_content);
  body += *endpoint.form->suffix();
  batches_->park(park, *request, body);
  handlers_.released(std::move(request), {});
}

void Attempts::intend(core::Time now) {
  std::vector<store::Intent> intents;
  intents.reserve(sends_.size());
  keep_day_use(now);
  for (const schedule::Send& s : sends_)
    intents.push_back({s.attempt, s.endpoint, s.worst_cost, s.worst_usage});
  auto sends = std::make_shared<std::vector<schedule::Send>>(std::exchange(sends_, {}));
  const bool durable = checkpoint_.intend(
      std::move(intents), [this, sends] { post_([this, sends] { send(*sends); }); });
  if (durable) send(*sends);
}

void Attempts::send(std::vector<schedule::Send>& sends) {
  const core::Time now = clock_.now();
  for (schedule::Send& send : sends) {
    if (aborted_) return;
    send.sent = now;
    const auto found = requests_.find(send.request);
    if (found == requests_.end() || withheld_) {
      finished(send, not_needed(), 0);
    } else {
      endpoints_[send.endpoint].form->sent(send.attempt);
      send.number = ++found->second.attempts;
      sender_.send(send, *found->second.request);
    }
  }
}

void Attempts::finished(const schedule::Send& send, provider::Reply&& reply,
                        std::uint64_t reply_bytes) {
  if (aborted_) return;
  const provider::Doubts doubts = hold_against(send, reply_bytes, reply);
  ask_otherwise(send, reply.outcome);
  if (reply.outcome.action == provider::Action::split) note_too_large(send.request, reply.outcome);
  const provider::Outcome& outcome = reply.outcome;
  const core::Time now = clock_.now();
  const schedule::Taken taken = scheduler_.answered(now, send.request, send.attempt, outcome);
  if (taken == schedule::Taken::unknown) return;
  const provider::AttemptCost cost =
      provider::attempt_cost(outcome, endpoints_[send.endpoint].price,
                             {.usage = send.worst_usage, .cost = send.worst_cost});
  count(send, outcome, cost, doubts);
  if (ended_) ended_(send.endpoint, outcome);
  if (observer_ != nullptr) tell_attempt(send, outcome, now, cost.cost);
  if (outcome.action == provider::Action::none && taken == schedule::Taken::wanted) {
    scheduler_.retain_slot(send.endpoint);  // until settled()
    stages::RequestPtr request = take(send.request, How::answered);
    if (completions_.empty()) completions_.reserve(kCompletions);
    store::Settlement settlement = settlement_of(send, true, cost);
    settlement.form = endpoints_[send.endpoint].form->new_note();
    completions_.push_back({std::move(request), std::move(reply), std::move(settlement)});
    if (completions_.size() == kCompletions) hand_on();
    return;
  }
  ++totals_.failures;
  store::Settlement settlement = settlement_of(send, false, cost);
  settlement.problem = scheduler_.problem(now, send.endpoint);
  settlement.form = endpoints_[send.endpoint].form->new_note();
  failures_.push_back(std::move(settlement));
}

void Attempts::ask_otherwise(const schedule::Send& send, provider::Outcome& outcome) {
  AnswerForm& form = *endpoints_[send.endpoint].form;
  if (outcome.action == provider::Action::none) return form.answered();
  if (!form.refused(send.attempt, outcome)) return;
  frame_bytes_ = longest_frame(endpoints_);
  outcome.action = provider::Action::retry;
  outcome.cause = provider::Cause::cancelled;
  outcome.status = 0;
}

// Of texts to embed: the rows of another pack have no places that a server knows. A single text is
// too large for its model wherever that is asked, unless it was a proxy that said so (413).
void Attempts::note_too_large(schedule::RequestId id, provider::Outcome& outcome) {
  const auto found = requests_.find(id);
  if (found == requests_.end() || !stages::has_inputs(*found->second.request)) return;
  const std::size_t texts = found->second.request->items.size();
  if (texts == 1 && outcome.status != 413) {
    outcome.action = provider::Action::dead;
  } else if (const auto input = named_input(outcome.message);
             input && *input < texts && texts > 1) {
    found->second.request->too_large_item = input;
  }
}

provider::Doubts Attempts::hold_against(const schedule::Send& send, std::uint64_t reply_bytes,
                                        provider::Reply& reply) const {
  const Endpoint& endpoint = endpoints_[send.endpoint];
  // A hedge's loser: its request is answered and gone, and it holds nothing against the bounds that
  // rest on the prompt.
  const auto request = requests_.find(send.request);
  const stages::Request* const held =
      request != requests_.end() ? request->second.request.get() : nullptr;
  const std::uint64_t prompt = held != nullptr ? stages::text_bytes(*held) : 0;
  // A file counts by what it may have in tokens, or by its bytes where these are more.
  const std::uint64_t sent =
      held != nullptr
          ? endpoint.frame_bytes() +
                std::max<std::uint64_t>(stages::counted_bytes(*held), held->user_content->size())
          : send.worst_usage.input;
  return provider::hold_against(reply.outcome,
                                {.sent = sent,
                                 .prompt = prompt,
                                 .words = provider::word_bytes(reply.text),
                                 .reply = reply_bytes,
                                 .max_output_tokens = endpoint.output_cap},
                                endpoint.price, send.worst_cost);
}

void Attempts::count(const schedule::Send& send, const provider::Outcome& outcome,
                     const provider::AttemptCost& cost, const provider::Doubts& doubts) {
  ++totals_.attempts;
  totals_.usage += outcome.usage;
  if (cost.billing == provider::Billing::known) totals_.cost += cost.cost;
  if (doubts.charge) ++totals_.odd_charges;
  if (!doubts.usage) return;
  ++totals_.uncounted;
  totals_.uncounted_cost += send.worst_cost;
}

stages::RequestPtr Attempts::take(schedule::RequestId id, How how, std::string_view why) {
  auto node = requests_.extract(id);
  Open& open = node.mapped();
  if (observer_ != nullptr)
    observer_->on(
        observe::RequestEnded{.request = id,
                              .attempts = open.attempts,
                              .rows = static_cast<std::uint32_t>(open.request->items.size()),
                              .submitted = open.submitted,
                              .ended = clock_.now(),
                              .how = how,
                              .why = why});
  return std::move(open.request);
}

void Attempts::tell_attempt(const schedule::Send& send, const provider::Outcome& outcome,
                            core::Time now, core::Money cost) {
  const auto open = requests_.find(send.request);
  const auto rows = open == requests_.end() ? 0 : open->second.request->items.size();
  observer_->on(observe::AttemptEnded{.endpoint = send.endpoint,
                                      .request = send.request,
                                      .attempt = send.attempt,
                                      .number = send.number,
                                      .rows = static_cast<std::uint32_t>(rows),
                                      .sent = send.sent,
                                      .ended = now,
                                      .outcome = outcome,
                                      .cost = cost});
}

void Attempts::tell_changes(core::Time now) {
  for (std::uint32_t e = 0; e < healths_.size(); ++e) {
    const schedule::EndpointState& state = totals_.schedule.endpoints[e];
    const observe::Health health = health_of(state, now);
    if (health == healths_[e]) continue;
    observer_->on(observe::EndpointChanged{
        .endpoint = e,
        .before = std::exchange(healths_[e], health),
        .now = health,
        .why = state.stopped ? std::string_view(state.stop_reason) : state.failure});
  }
}

void Attempts::hand_on() {
  if (completions_.empty() || aborted_) return;
  handing_on_ = true;
  handlers_.completed(std::exchange(completions_, {}));
  handing_on_ = false;
}

void Attempts::commit_failures() {
  if (!failures_.empty()) checkpoint_.commit({std::exchange(failures_, {}), {}}, [] {});
}

void Attempts::end() {
  if (!aborted_) commit_failures();
  const core::Time now = clock_.now();
  keep_day_use(now);
  publish(now);
}

void Attempts::keep_day_use(core::Time now) {
  for (schedule::EndpointId e = 0; e < endpoints_.size(); ++e) {
    if (const auto used = scheduler_.day_used(now, e))
      checkpoint_.set_day_use(e, to_keep(*used, clock_.wall_now()));
  }
}

void Attempts::look_ahead() {
  if (!rows_to_come_ || requests_submitted_ == 0) return;
  const auto rows = rows_to_come_(rows_submitted_);
  if (!rows) return scheduler_.outlook({});
  const double rows_each =
      static_cast<double>(rows_submitted_) / static_cast<double>(requests_submitted_);
  scheduler_.outlook({*rows / std::max(1.0, rows_each)});
}

void Attempts::publish(core::Time now) {
  published_ = now;
  totals_.schedule = scheduler_.snapshot(now);
  if (observer_ != nullptr) tell_changes(now);
  totals_.form_notes.clear();
  for (const Endpoint& endpoint : endpoints_) totals_.form_notes.push_back(endpoint.form->note());
  std::lock_guard lock(state_mutex_);
  state_ = totals_;
}

State Attempts::state() const {
  std::lock_guard lock(state_mutex_);
  return state_;
}

}  // namespace sluice::dispatch
