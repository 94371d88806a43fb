#include "parked/parked_rows.h"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace sluice::parked {

using store::BatchPhase;

namespace {

// The index counts from 1.
std::int64_t number(std::uint64_t line) {
  return static_cast<std::int64_t>(line + 1);
}

}  // namespace

ParkedRows::ParkedRows(std::string directory)
    : directory_(std::move(directory)), index_(directory_) {}

bool ParkedRows::empty() const {
  const std::lock_guard lock(mutex_);
  return batches_.empty();
}

core::Status ParkedRows::load(const std::vector<store::BatchRecord>& batches) {
  std::vector<std::string> nonces;
  for (const store::BatchRecord& record : batches) nonces.push_back(record.nonce);
  remove_others(directory_, nonces);
  for (const store::BatchRecord& record : batches) {
    const bool forgotten = !record.open() && !std::filesystem::exists(
                                                 file_of(directory_, record.nonce, FileKind::rows));
    if (forgotten) continue;
    auto batch = std::make_unique<Batch>();
    batch->nonce = record.nonce;
    batch->endpoint = record.endpoint;
    batch->phase = record.phase;
    if (auto opened = open_files(*batch); !opened) return opened;
    const std::uint64_t first = batches_.size() * kMostLines;
    for (std::uint32_t line = 0; line < batch->rows->lines(); ++line) {
      const auto questions = batch->rows->questions(line);
      if (!questions) return std::unexpected(questions.error());
      if (auto added = index_.add(*questions, number(first + line)); !added) return added;
    }
    batches_.push_back(std::move(batch));
  }
  return {};
}

core::Status ParkedRows::open_files(Batch& batch) const {
  auto rows = RowsFile::open(directory_, batch.nonce);
  if (!rows) return std::unexpected(rows.error());
  batch.rows = std::move(*rows);
  if (batch.phase != BatchPhase::collected ||
      !std::filesystem::exists(file_of(directory_, batch.nonce, FileKind::index)))
    return {};
  auto replies = RepliesFile::open(directory_, batch.nonce);
  if (!replies) return std::unexpected(replies.error());
  batch.replies = std::move(*replies);
  return {};
}

core::Result<std::optional<Found>> ParkedRows::find(const core::Hash128& question) {
  {
    const std::lock_guard lock(mutex_);
    if (batches_.empty()) return std::nullopt;
  }
  std::vector<std::int64_t> lines;
  if (auto found = index_.candidates(question, lines); !found)
    return std::unexpected(found.error());
  std::ranges::sort(lines, std::greater());
  std::optional<Found> latest;
  std::uint32_t ended = 0;
  for (const std::int64_t at : lines) {
    const auto line = static_cast<std::uint64_t>(at - 1);
    const std::lock_guard lock(mutex_);
    Batch& batch = of(line);
    Found found{.where = Found::Where::out, .line = line};
    if (batch.rows) {
      const auto questions = batch.rows->questions(static_cast<std::uint32_t>(line % kMostLines));
      if (!questions) return std::unexpected(questions.error());
      const auto place = std::ranges::find(*questions, question);
      if (place == questions->end()) continue;  // another's with the same mark
      found.position = static_cast<std::uint32_t>(place - questions->begin());
    }
    const bool over = batch.phase == BatchPhase::collected || batch.phase == BatchPhase::dropped;
    if (over) {
      if (batch.phase == BatchPhase::collected) ++ended;  // a dropped one was not run
      found.where = Found::Where::unanswered;
      if (batch.replies) {
        const auto result = batch.replies->line(static_cast<std::uint32_t>(line % kMostLines));
        if (!result) return std::unexpected(result.error());
        if (*result) found.where = Found::Where::replied;
      }
    }
    if (!latest) latest = found;
  }
  if (latest) latest->batches = ended;
  return latest;
}

core::Result<std::vector<core::Hash128>> ParkedRows::questions(std::uint64_t line) {
  const std::lock_guard lock(mutex_);
  return of(line).rows->questions(static_cast<std::uint32_t>(line % kMostLines));
}

core::Result<ParkedRows::Result> ParkedRows::result(std::uint64_t line) {
  const std::lock_guard lock(mutex_);
  Batch& batch = of(line);
  auto text = batch.replies->line(static_cast<std::uint32_t>(line % kMostLines));
  if (!text) return std::unexpected(text.error());
  return Result{text->value_or(std::string()), batch.endpoint, batch.nonce};
}

core::Status ParkedRows::begin(const std::string& nonce, std::uint32_t endpoint) {
  auto batch = std::make_unique<Batch>();
  batch->nonce = nonce;
  batch->endpoint = endpoint;
  const std::lock_guard lock(mutex_);
  if ((batches_.size() + 1) * kMostLines > static_cast<std::uint64_t>(index::HashIndex::kMaxBlock))
    return core::fail(core::ErrorCode::usage,
                      "the job has too many batches at once: allow more requests in each");
  batches_.push_back(std::move(batch));
  return {};
}

ParkedRows::Batch* ParkedRows::find_batch(std::string_view nonce) {
  const auto at = std::ranges::find_if(batches_, [&](const auto& b) { return b->nonce == nonce; });
  return at == batches_.end() ? nullptr : at->get();
}

core::Status ParkedRows::add(const std::string& nonce, std::uint32_t line,
                             const std::vector<core::Hash128>& questions) {
  std::uint64_t first = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto at =
        std::ranges::find_if(batches_, [&](const auto& b) { return b->nonce == nonce; });
    first = static_cast<std::uint64_t>(at - batches_.begin()) * kMostLines;
  }
  return index_.add(questions, number(first + line));
}

core::Status ParkedRows::seal(const std::string& nonce) {
  auto rows = RowsFile::open(directory_, nonce);
  if (!rows) return std::unexpected(rows.error());
  const std::lock_guard lock(mutex_);
  find_batch(nonce)->rows = std::move(*rows);
  return {};
}

core::Status ParkedRows::ended(const std::string& nonce, BatchPhase phase) {
  const std::lock_guard lock(mutex_);
  Batch* batch = find_batch(nonce);
  if (batch == nullptr) return {};
  batch->phase = phase;
  return open_files(*batch);
}

std::vector<std::string> ParkedRows::forget() {
  std::vector<std::string> nonces;
  const std::lock_guard lock(mutex_);
  for (const auto& batch : batches_) {
    if (batch->phase != BatchPhase::collected && batch->phase != BatchPhase::dropped) continue;
    remove_files(directory_, batch->nonce);
    nonces.push_back(batch->nonce);
  }
  return nonces;
}

}  // namespace sluice::parked
