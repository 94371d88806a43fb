#include "cli/questions.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "checkpoint/checkpoint.h"
#include "core/directory.h"

namespace sluice::cli {

using Lock = std::optional<checkpoint::DirectoryLock>;

namespace {

core::Result<Lock> locked(core::Result<checkpoint::DirectoryLock> lock) {
  if (!lock) return std::unexpected(lock.error());
  return Lock(std::move(*lock));
}

}  // namespace

std::string title_of(const stages::JobSpec& job, std::size_t question) {
  if (job.questions.size() == 1) return {};
  return fmt::format("question {} of {}", question + 1, job.questions.size());
}

std::string heading_of(const stages::JobSpec& job, std::size_t question) {
  const std::string title = title_of(job, question);
  return title.empty() ? title : title + '\n';
}

bool begun(const stages::JobSpec& job, std::size_t question) {
  std::error_code error;
  return job.questions.size() == 1 ||
         std::filesystem::exists(job.questions[question].checkpoint.directory + "/checkpoint.db",
                                 error);
}

core::Result<std::vector<checkpoint::Account>> accounts_of(const stages::JobSpec& job) {
  std::vector<checkpoint::Account> accounts(job.questions.size());
  for (std::size_t k = 0; k < accounts.size(); ++k) {
    if (!begun(job, k)) continue;
    auto account = checkpoint::read_account(job.questions[k].checkpoint.directory);
    if (!account) return std::unexpected(account.error());
    accounts[k] = std::move(*account);
  }
  return accounts;
}

checkpoint::Account joined(const std::vector<checkpoint::Account>& accounts) {
  std::vector<checkpoint::Account> by_name;  // the ledgers of one endpoint each
  for (const checkpoint::Account& account : accounts) {
    for (const checkpoint::EndpointLedger& ledger : account.endpoints) {
      auto same = std::ranges::find_if(by_name, [&](const checkpoint::Account& one) {
        return one.endpoints[0].name == ledger.name;
      });
      if (same == by_name.end()) same = by_name.emplace(by_name.end());
      same->endpoints.push_back(ledger);
    }
  }
  checkpoint::Account sum = accounts.back();
  sum.endpoints.clear();
  for (const checkpoint::Account& one : by_name) {
    sum.endpoints.push_back(one.total());
    sum.endpoints.back().name = one.endpoints[0].name;
  }
  return sum;
}

core::Result<Lock> lock_to_run(const stages::JobSpec& job) {
  if (job.questions.size() == 1) return std::nullopt;
  if (auto made = core::make_directory(job.directory); !made) return std::unexpected(made.error());
  return locked(checkpoint::DirectoryLock::take(job.directory, job.name));
}

core::Result<Lock> lock_to_change(const stages::JobSpec& job) {
  std::error_code error;
  if (job.questions.size() == 1 || !std::filesystem::exists(job.directory, error))
    return std::nullopt;
  return locked(checkpoint::DirectoryLock::take(job.directory, job.name));
}

core::Result<Lock> lock_to_read(const stages::JobSpec& job) {
  if (job.questions.size() == 1) return std::nullopt;
  return locked(checkpoint::DirectoryLock::share(job.directory, job.name));
}

}  // namespace sluice::cli
