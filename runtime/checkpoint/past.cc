#include "checkpoint/past.h"

#include <fmt/format.h>

#include "checkpoint/block.h"
#include "store/sqlite_file_check.h"

namespace sluice::checkpoint {
namespace {

// Its error is the visitor's own, or the end of its wish for more.
core::Result<bool> visit(const BlockKeys& keys, const BlockLines& lines, store::Kind kind,
                         const Past::Each& each) {
  std::string text;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const KeyRecord record = keys.at(i);
    if (record.kind != kind) continue;
    text.assign(lines.line(i)).append("\n");
    auto more = each(text, record.withdrawn);
    if (!more || !*more) return more;
  }
  return true;
}

}  // namespace

core::Result<std::unique_ptr<StoredPast>> StoredPast::load(store::SqliteStore& store,
                                                           const store::JobState& job,
                                                           const std::string& boot) {
  auto generations = store.generations();
  if (!generations) return std::unexpected(generations.error());
  const bool begun = job.generation != 0;
  if (begun != !generations->empty() || (begun && generations->front().id != job.generation))
    return store::corrupt(store.path(),
                          "the checkpoint is damaged: its generations and its job disagree");
  if (begun) {
    generations->front() = {.id = job.generation,
                            .mark = {job.projected, job.proof},
                            .answers_block = job.projected_block,
                            .rejects_block = job.rejects_block};
  }
  const bool machine_went_down = !job.boot.empty() && !boot.empty() && job.boot != boot;
  return std::unique_ptr<StoredPast>(
      new StoredPast(store, std::move(*generations), machine_went_down));
}

core::Status StoredPast::lines(std::size_t generation, store::Kind kind, From from,
                               const Each& each) {
  const store::PastGeneration& past = generations_[generation];
  const std::int64_t after = from == From::beginning       ? 0
                             : kind == store::Kind::answer ? past.answers_block
                                                           : past.rejects_block;
  bool wanted = true;
  auto status = store_.scan_blocks(
      past.id, after, after,
      [&](std::int64_t block, std::string bytes, std::string_view payload) -> core::Status {
        const auto keys = BlockKeys::decode(std::move(bytes));
        const auto lines = keys ? BlockLines::decode(payload, *keys) : std::nullopt;
        if (!lines)
          return store::corrupt(
              store_.path(),
              fmt::format("the checkpoint is damaged: the answers of block {}", block));
        auto more = visit(*keys, *lines, kind, each);
        if (!more) return std::unexpected(more.error());
        wanted = *more;
        // Nothing is wrong, but a scan ends only at an error.
        return wanted ? core::Status() : core::fail(core::ErrorCode::internal, "enough");
      });
  return wanted ? status : core::Status();
}

}  // namespace sluice::checkpoint
