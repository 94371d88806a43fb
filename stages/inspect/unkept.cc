#include "inspect/unkept.h"

#include <string_view>
#include <utility>

namespace sluice::inspect {
std::string answer_members(const store::Entry& entry) {
  std::string_view members = std::string_view(entry.line).substr(entry.answer_at);
  if (members.ends_with('}')) members.remove_suffix(1);
  return std::string(members);
}

Unkept::Unkept(core::Money spent, std::vector<std::string> endpoints, std::shared_ptr<Kept> kept)
    : kept_(std::move(kept)) {
  opened_.spent = spent;
  for (std::string& name : endpoints) {
    account_.endpoints.emplace_back();
    account_.endpoints.back().name = std::move(name);
  }
}

core::Result<bool> Unkept::consume_done(const core::Hash128& row) {
  const auto found = done_.find(row);
  if (found == done_.end()) return false;
  if (--found->second == 0) done_.erase(found);
  return true;
}

core::Result<std::optional<checkpoint::StoredAnswer>> Unkept::find_answer(
    const core::Hash128& question) {
  if (answered_.contains(question)) return checkpoint::StoredAnswer();
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(question);
  if (found == answers_.end()) return std::nullopt;
  return found->second;
}

void Unkept::commit(store::Results results, std::function<void()> durable) {
  {
    const std::lock_guard lock(mutex_);
    for (store::Settlement& settlement : results.settlements) {
      if (settlement.endpoint < account_.endpoints.size()) {
        store::EndpointLedger& ledger = account_.endpoints[settlement.endpoint];
        ++ledger.attempts;
        ++(settlement.answered ? ledger.answered : ledger.failed);
        if (settlement.billing == provider::Billing::known) {
          ledger.usage += settlement.usage;
          ledger.cost += settlement.cost;
        } else if (settlement.billing == provider::Billing::possible) {
          ++ledger.maybe_billed;
          ledger.maybe_billed_cost += settlement.cost;
        }
      }
      if (kept_) kept_->settlements.push_back(std::move(settlement));
    }
    for (store::Entry& entry : results.entries) {
      const bool answer = entry.kind == store::Kind::answer;
      ++(answer ? account_.rows_answered : account_.rows_rejected);
      if (!kept_) continue;
      if (answer) answers_.try_emplace(entry.question, answer_members(entry), entry.model);
      kept_->entries.push_back(std::move(entry));
    }
  }
  durable();
}

void Unkept::set_rows_read(std::uint64_t rows, bool complete) {
  const std::lock_guard lock(mutex_);
  account_.rows_read = rows;
  account_.input_complete = complete;
}

store::Account Unkept::account() const {
  const std::lock_guard lock(mutex_);
  return account_;
}

}  // namespace sluice::inspect
