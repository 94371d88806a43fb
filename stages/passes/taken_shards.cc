#include "passes/taken_shards.h"

namespace sluice::passes {

core::Result<stages::Shards::Wanted> TakenShards::wants(std::uint64_t number) {
  const std::uint64_t rows = member_.job().shard_rows;
  while (number >= to_) {
    auto taken = left_by_ ? member_.take_left_behind((number + rows - 1) / rows, *left_by_)
                          : member_.take_new();
    if (!taken) return std::unexpected(taken.error());
    if (!*taken) return Wanted::no_more;
    from_ = **taken * rows;
    to_ = from_ + rows;
  }
  return number >= from_ ? Wanted::yes : Wanted::no;
}

core::Status TakenShards::ended(std::uint64_t records) {
  const std::uint64_t rows = member_.job().shard_rows;
  return member_.set_shards((records + rows - 1) / rows);
}

}  // namespace sluice::passes
