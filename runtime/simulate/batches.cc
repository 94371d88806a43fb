#include "simulate/batches.h"

#include <algorithm>
#include <utility>

namespace sluice::simulate {
namespace {

constexpr std::uint64_t kStream = 0xBA7C;

}  // namespace

Batches::Batches(std::span<const ServerSpec> endpoints, std::optional<core::Time> deadline,
                 std::uint64_t seed)
    : deadline_(deadline), filling_(endpoints.size()), seed_(mix(seed, kStream)), random_(seed_) {
  for (const ServerSpec& endpoint : endpoints) models_.push_back(endpoint.batch);
}

void Batches::park(core::Time now, schedule::EndpointId endpoint, const Line& line) {
  Filling& filling = filling_[endpoint];
  if (filling.lines.empty()) filling.since = now;
  filling.lines.push_back(line);
  std::optional<double> seconds;
  if (deadline_) seconds = core::in_seconds(*deadline_ - now);
  const BatchModel model = models_[endpoint].value_or(BatchModel{});
  if (filling.lines.size() >= schedule::lines_of_a_batch(model.most_lines, seconds))
    seal(now, endpoint);
}

void Batches::seal_all(core::Time now) {
  for (schedule::EndpointId e = 0; e < filling_.size(); ++e) seal(now, e);
}

void Batches::seal(core::Time now, schedule::EndpointId endpoint) {
  if (filling_[endpoint].lines.empty()) return;
  const BatchModel model = models_[endpoint].value_or(BatchModel{});
  Batch batch{.endpoint = endpoint,
              .lines = std::exchange(filling_[endpoint].lines, {}),
              .created = now,
              .phases = {},
              .ends = {}};
  TurnaroundDraws draws;
  draws.radius = random_.next();
  draws.angle = random_.next();
  draws.tail = random_.next();
  const bool slow = is_slow(model.regime, seed_, endpoint, now.time_since_epoch());
  const core::Duration takes = model.takes.value_or(turnaround(draws, batch.lines.size(), slow));
  batch.phases = phases_of(takes);
  batch.ends = now + std::min(takes, model.window);
  out_.push_back(std::move(batch));
  ++made_;
}

std::size_t Batches::Batch::done(core::Time at) const {
  const core::Duration run = at - created - phases.validating;
  if (run >= phases.running) return lines.size();
  if (run <= core::Duration::zero()) return 0;
  return static_cast<std::size_t>(static_cast<double>(lines.size()) * core::in_seconds(run) /
                                  core::in_seconds(phases.running));
}

std::optional<core::Time> Batches::next() const {
  std::optional<core::Time> next;
  const auto at = [&next](core::Time t) { next = std::min(next.value_or(t), t); };
  for (const Filling& filling : filling_)
    if (!filling.lines.empty()) at(filling.since + kFillingLongest);
  for (const Batch& batch : out_) at(batch.ends);
  return next;
}

std::vector<Batches::Ended> Batches::pass(core::Time now) {
  for (schedule::EndpointId e = 0; e < filling_.size(); ++e)
    if (!filling_[e].lines.empty() && now - filling_[e].since >= kFillingLongest) seal(now, e);
  std::vector<Ended> ended;
  std::erase_if(out_, [&](Batch& batch) {
    if (batch.ends > now) return false;
    ended.push_back(take(std::move(batch)));
    return true;
  });
  return ended;
}

Batches::Ended Batches::take(Batch batch) {
  Ended ended{
      .endpoint = batch.endpoint, .answered = {}, .unanswered = {}, .cancelled = batch.cancelled};
  const double lost = models_[batch.endpoint].value_or(BatchModel{}).unanswered;
  const std::size_t run = batch.done(batch.ends);
  for (std::size_t i = 0; i < batch.lines.size(); ++i) {
    const bool answered = i < run && (lost <= 0 || random_.uniform() >= lost);
    (answered ? ended.answered : ended.unanswered).push_back(batch.lines[i]);
  }
  return ended;
}

std::vector<schedule::OpenBatch> Batches::open(core::Time now) const {
  std::vector<schedule::OpenBatch> open;
  open.reserve(out_.size());
  for (const Batch& batch : out_)
    open.push_back({.lines = static_cast<double>(batch.lines.size() - batch.done(now)),
                    .given_up = batch.cancelled});
  return open;
}

void Batches::cancel(core::Time now, std::size_t index) {
  Batch& batch = out_[index];
  batch.cancelled = true;
  batch.ends = std::min(batch.ends, now + batch.phases.cancelling);
}

bool Batches::empty() const {
  return lines() == 0;
}

std::uint64_t Batches::lines() const {
  std::uint64_t lines = 0;
  for (const Filling& filling : filling_) lines += filling.lines.size();
  for (const Batch& batch : out_) lines += batch.lines.size();
  return lines;
}

}  // namespace sluice::simulate
