// An account read beside a running job.
#include "checkpoint/checkpoint.h"
#include "checkpoint/view.h"

namespace sluice::checkpoint {

core::Result<store::Account> read_account(const std::string& directory) {
  const auto view = View::open(directory);
  if (!view) return std::unexpected(view.error());
  return (*view)->account();
}

}  // namespace sluice::checkpoint
