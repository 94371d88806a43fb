// Account, and how it is read beside a running job.
#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "checkpoint/checkpoint.h"
#include "checkpoint/store.h"

namespace sluice::checkpoint {

EndpointLedger Account::total() const {
  EndpointLedger sum;
  for (const EndpointLedger& e : endpoints) {
    sum.attempts += e.attempts;
    sum.answered += e.answered;
    sum.failed += e.failed;
    sum.usage += e.usage;
    sum.cost += e.cost;
    sum.maybe_billed += e.maybe_billed;
    sum.maybe_billed_cost += e.maybe_billed_cost;
  }
  return sum;
}

core::Result<Account> read_account(const std::string& directory) {
  std::error_code error;
  if (!std::filesystem::exists(directory + "/checkpoint.db", error))
    return core::fail(core::ErrorCode::io, "there is no checkpoint: the job was never run here",
                      directory);
  auto store = Store::open_reader(directory);
  if (!store) return std::unexpected(store.error());
  // One transaction: counts and ledger of the same moment.
  if (auto status = (*store)->begin_read(); !status) return std::unexpected(status.error());
  const auto job = (*store)->job();
  if (!job) return std::unexpected(job.error());
  auto endpoints = (*store)->endpoints();
  if (!endpoints) return std::unexpected(endpoints.error());

  Account account{.rows_read = job->rows_read,
                  .rows_answered = job->answered,
                  .rows_rejected = job->rejected,
                  .input_complete = job->input_complete,
                  .endpoints = {}};
  for (StoredEndpoint& endpoint : *endpoints)
    account.endpoints.push_back(std::move(endpoint.ledger));
  return account;
}

}  // namespace sluice::checkpoint
