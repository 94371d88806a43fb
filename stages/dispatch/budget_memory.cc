#include "dispatch/budget_memory.h"

#include <algorithm>
#include <utility>

#include "fleet/words.h"
#include "storage/atomic_file.h"
#include "storage/whole_file.h"

namespace sluice::dispatch {
namespace {

constexpr std::string_view kKind = "sluice-shared-budget";
constexpr std::uint64_t kFormat = 1;
constexpr std::uint64_t kMostBytes = 64 * 1024;

core::Money money_of(fleet::Words& words) {
  return core::Money::picodollars(words.integer());
}

}  // namespace

core::Result<BudgetMemory> BudgetMemory::read(const std::string& directory,
                                              const std::string& budget) {
  BudgetMemory memory;
  memory.path_ = directory + "/shared-budget";
  memory.budget_ = budget;
  const auto text = storage::read_whole(memory.path_, kMostBytes);
  if (!text && text.error().what == storage::FileProblem::What::missing) return memory;
  const auto unreadable = [&](std::string why) {
    return core::fail(
        core::ErrorCode::corrupt,
        std::move(why) + ": it says what this job has spent of the budget that it shares",
        memory.path_);
  };
  if (!text) return unreadable("cannot be read");
  fleet::Words words(*text);
  if (words.word() != kKind || words.natural() != kFormat) return unreadable("is not sluice's");
  const bool same = words.name() == budget;
  const std::uint64_t epoch = words.natural();
  std::vector<BudgetLife> lives;
  while (words.next_line()) {
    if (words.word() != "m") words.fail();
    BudgetLife life{.member = words.name()};
    life.before = money_of(words);
    life.from = money_of(words);
    life.to = money_of(words);
    lives.push_back(std::move(life));
  }
  if (!words.whole()) return unreadable("does not read as what it is");
  if (!same) return memory;
  memory.epoch_ = epoch;
  memory.lives_ = std::move(lives);
  return memory;
}

void BudgetMemory::begin(std::string member, core::Money before, core::Money paid) {
  if (!lives_.empty()) lives_.back().to = paid;
  if (lives_.size() == kMostLives) lives_.erase(lives_.begin());
  lives_.push_back({.member = std::move(member), .before = before, .from = paid, .to = paid});
}

std::optional<core::Money> BudgetMemory::spent_by(const std::string& member) const {
  const auto found = std::ranges::find(lives_, member, &BudgetLife::member);
  if (found == lives_.end() || found + 1 == lives_.end()) return std::nullopt;
  return std::max(core::Money(), found->before + found->to - found->from);
}

core::Status BudgetMemory::write() const {
  fleet::Writer out;
  out.line(kKind).natural(kFormat).name(budget_).natural(epoch_);
  for (const BudgetLife& life : lives_)
    out.line("m")
        .name(life.member)
        .integer(life.before.picodollars())
        .integer(life.from.picodollars())
        .integer(life.to.picodollars());
  auto file = storage::AtomicFile::create(path_);
  if (!file) return std::unexpected(file.error());
  if (auto written = (*file)->write(out.text()); !written) return written;
  return (*file)->finish();
}

}  // namespace sluice::dispatch
