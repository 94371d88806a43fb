#include "deliver/pieces.h"

#include "deliver/lines.h"

namespace sluice::deliver {
namespace {

// Of lines in one put(): some ten thousand rows.
constexpr std::size_t kPieceBytes = 4 * 1024 * 1024;

// Past what the target has; false where that is something else.
core::Result<bool> pass(Lines& lines, const format::Stand& there, std::uint64_t& rows) {
  std::string_view line;
  while (lines.bytes() < there.bytes) {
    const auto more = lines.next(line);
    if (!more) return more;
    if (!*more) return false;
    ++rows;
  }
  return lines.stand() == there;
}

}  // namespace

core::Result<Pieces> Pieces::open(format::RecordTarget& target, const std::string& path) {
  const auto there = target.open();
  if (!there) return std::unexpected(there.error());
  auto lines = Lines::open(path);
  if (!lines) return std::unexpected(lines.error());
  std::uint64_t rows = 0;
  const auto same = pass(*lines, *there, rows);
  if (!same) return std::unexpected(same.error());
  if (!*same) {
    if (auto taken = target.restart(); !taken) return std::unexpected(taken.error());
    lines = Lines::open(path);
    if (!lines) return std::unexpected(lines.error());
    rows = 0;
  }
  Pieces pieces(target, std::move(*lines));
  pieces.rows_ = rows;
  pieces.restarted_ = !*same;
  return pieces;
}

core::Result<std::uint64_t> Pieces::advance() {
  std::uint64_t rows = 0;
  std::string piece;
  std::string_view line;
  while (true) {
    const auto more = lines_.next(line);
    if (!more) return std::unexpected(more.error());
    if (*more) {
      piece.append(line).append("\n");
      ++rows;
    }
    // What is to be taken back goes also where nothing is to be put.
    if (piece.size() >= kPieceBytes || (!*more && (!piece.empty() || restarted_))) {
      if (auto put = target_->put(piece, lines_.stand()); !put) return std::unexpected(put.error());
      piece.clear();
      restarted_ = false;
    }
    if (!*more) {
      rows_ += rows;
      return rows;
    }
  }
}

}  // namespace sluice::deliver
