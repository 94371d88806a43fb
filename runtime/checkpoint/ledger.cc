#include "checkpoint/ledger.h"

#include <algorithm>

namespace sluice::checkpoint {

Ledger::Ledger(std::vector<store::StoredEndpoint> stored, const std::vector<std::string>& names) {
  std::int64_t last = 0;
  for (store::StoredEndpoint& endpoint : stored) {
    last = std::max(last, endpoint.id);
    lines_.push_back({std::move(endpoint), false});
  }
  for (const std::string& name : names) {
    auto line =
        std::ranges::find_if(lines_, [&](const Line& l) { return l.stored.ledger.name == name; });
    if (line == lines_.end()) {
      Line added{{.id = ++last, .ledger = {}}, true};
      added.stored.ledger.name = name;
      line = lines_.insert(lines_.end(), std::move(added));
    }
    by_option_.push_back(static_cast<std::size_t>(line - lines_.begin()));
  }
}

std::uint32_t Ledger::number(std::uint32_t endpoint) const {
  return static_cast<std::uint32_t>(lines_[by_option_[endpoint]].stored.id);
}

std::vector<std::uint32_t> Ledger::numbers() const {
  std::vector<std::uint32_t> all;
  for (std::uint32_t i = 0; i < by_option_.size(); ++i) all.push_back(number(i));
  return all;
}

bool Ledger::has(std::uint32_t number) const {
  return std::ranges::any_of(lines_, [&](const Line& l) { return l.stored.id == number; });
}

void Ledger::settle(std::uint32_t number, const store::Settlement& settlement) {
  Line& line = *find(number);
  line.changed = true;
  store::EndpointLedger& ledger = line.stored.ledger;
  ++ledger.attempts;
  ++(settlement.answered ? ledger.answered : ledger.failed);
  if (settlement.answered || !settlement.problem.empty()) ledger.problem = settlement.problem;
  if (settlement.form && *settlement.form != ledger.form) {
    ledger.form = *settlement.form;
    line.state_changed = true;
  }
  switch (settlement.billing) {
    case provider::Billing::known:
      ledger.usage += settlement.usage;
      ledger.cost += settlement.cost;
      ledger.estimated_cost += settlement.estimate;
      if (!settlement.answered) {
        ledger.failed_usage += settlement.usage;
        ledger.failed_cost += settlement.cost;
      }
      if (settlement.charged) {
        ++ledger.charged;
        ledger.charged_cost += *settlement.charged;
      }
      break;
    case provider::Billing::possible:
      ++ledger.maybe_billed;
      ledger.maybe_billed_cost += settlement.cost;
      ledger.maybe_billed_usage += settlement.usage;
      if (settlement.answered) {
        ++ledger.uncounted;
        ledger.uncounted_cost += settlement.cost;
      }
      break;
    case provider::Billing::none:
      break;
  }
}

void Ledger::set_day_use(std::uint32_t endpoint, const store::DayUse& use) {
  Line& line = lines_[by_option_[endpoint]];
  line.changed = true;
  line.stored.ledger.day = use;
}

void Ledger::set_options(std::uint32_t endpoint, const std::string& options) {
  Line& line = lines_[by_option_[endpoint]];
  if (line.stored.ledger.options == options) return;
  line.stored.ledger.options = options;
  line.changed = line.state_changed = true;
}

std::vector<store::DayUse> Ledger::day_use() const {
  std::vector<store::DayUse> all;
  for (const std::size_t line : by_option_) all.push_back(lines_[line].stored.ledger.day);
  return all;
}

void Ledger::count_day_use(std::uint32_t number, const provider::Usage& worst) {
  Line& line = *find(number);
  line.changed = true;
  line.stored.ledger.day.requests += 1;
  line.stored.ledger.day.tokens += worst.input + worst.output;
}

Ledger::Line* Ledger::find(std::uint32_t number) {
  const auto line =
      std::ranges::find_if(lines_, [&](const Line& l) { return l.stored.id == number; });
  return line == lines_.end() ? nullptr : &*line;
}

bool Ledger::in_flight(std::uint32_t number) {
  Line* line = find(number);
  if (line != nullptr) ++line->stored.ledger.in_flight;
  return line != nullptr;
}

bool Ledger::maybe_billed(std::uint32_t number, core::Money worst_cost,
                          const provider::Usage& worst) {
  Line* line = find(number);
  if (line == nullptr) return false;
  line->changed = true;
  ++line->stored.ledger.maybe_billed;
  line->stored.ledger.maybe_billed_cost += worst_cost;
  line->stored.ledger.maybe_billed_usage += worst;
  return true;
}

bool Ledger::not_maybe_billed(std::uint32_t number, core::Money worst_cost,
                              const provider::Usage& worst) {
  Line* line = find(number);
  if (line == nullptr || line->stored.ledger.maybe_billed == 0) return false;
  store::EndpointLedger& ledger = line->stored.ledger;
  line->changed = true;
  --ledger.maybe_billed;
  ledger.maybe_billed_cost -= worst_cost;
  ledger.maybe_billed_usage.input -= std::min(ledger.maybe_billed_usage.input, worst.input);
  ledger.maybe_billed_usage.output -= std::min(ledger.maybe_billed_usage.output, worst.output);
  return true;
}

core::Status Ledger::write(store::SqliteStore& store) {
  for (Line& line : lines_) {
    if (!line.changed) continue;
    if (auto status = store.put_endpoint(line.stored); !status) return status;
    line.changed = false;
    if (!line.state_changed) continue;
    if (auto status = store.put_endpoint_state(line.stored); !status) return status;
    line.state_changed = false;
  }
  return {};
}

std::vector<std::size_t> Ledger::listed() const {
  std::vector<std::size_t> all;
  std::vector<bool> listed(lines_.size());
  const auto list = [&](std::size_t i) {
    if (!listed[i]) all.push_back(i);
    listed[i] = true;
  };
  for (const std::size_t i : by_option_) list(i);
  for (std::size_t i = 0; i < lines_.size(); ++i) list(i);
  return all;
}

std::vector<store::EndpointLedger> Ledger::endpoints() const {
  std::vector<store::EndpointLedger> all;
  for (const std::size_t i : listed()) all.push_back(lines_[i].stored.ledger);
  return all;
}

std::uint32_t Ledger::place(std::uint32_t number) const {
  const std::vector<std::size_t> order = listed();
  const auto at =
      std::ranges::find_if(order, [&](std::size_t i) { return lines_[i].stored.id == number; });
  return static_cast<std::uint32_t>(at - order.begin());
}

core::Money Ledger::spent() const {
  core::Money sum;
  for (const Line& line : lines_)
    sum += line.stored.ledger.cost + line.stored.ledger.maybe_billed_cost;
  return sum;
}

}  // namespace sluice::checkpoint
