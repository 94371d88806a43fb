#include "passes/batch_copies.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "parked/batch_files.h"
#include "storage/private_files.h"

namespace sluice::passes {
namespace {

constexpr std::uint64_t kPart = std::uint64_t{1} << 20;
// Not a file of a batch: which are to be cancelled, a name a line.
constexpr const char* kCancelOrder = "cancel";

std::string name_of(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

}  // namespace

BatchCopies::BatchCopies(shared_job::Membership& member, std::string directory)
    : member_(member), directory_(std::move(directory)), worker_(member.worker()) {}

core::Status BatchCopies::bring() {
  const auto names = member_.board().files(member_.job());
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    const auto path = parked::path_in(directory_, name);
    if (!path) continue;
    put_.insert(*path);  // in the place of what is here: replies and their index are of one process
    const std::string folder = std::filesystem::path(*path).parent_path();
    if (auto made = storage::make_private_folder(folder); !made) return made;
    auto file = parked::OutFile::create(*path + ".part");
    if (!file) return std::unexpected(file.error());
    auto read = member_.board().read_file(member_.job(), name,
                                          [&](std::string_view part) { return file->write(part); });
    if (!read) return read;
    if (auto whole = file->finish(*path); !whole) return whole;
  }
  return {};
}

core::Status BatchCopies::put(const std::string& path) {
  const auto file = parked::InFile::open(path);
  if (!file) return std::unexpected(file.error());
  const std::uint64_t parts = std::max<std::uint64_t>(1, (file->size() + kPart - 1) / kPart);
  const auto put = member_.board().put_file(
      member_.job(), worker_, name_of(path), parts,
      [&](std::uint64_t part) { return file->piece(part * kPart, kPart); });
  if (!put) return std::unexpected(put.error());
  if (!*put)
    return core::fail(core::ErrorCode::io, "another process has the job's batches now", {});
  put_.insert(path);
  return {};
}

void BatchCopies::remove(const std::string& path) {
  put_.erase(path);
  std::ignore = member_.board().remove_file(member_.job(), name_of(path));
}

void BatchCopies::tend() {
  shared_job::Board& board = member_.board();
  const auto there = board.files(member_.job());
  if (!there) return;
  // A server that was promoted may lack the last moments of the one before.
  for (const std::string& path : std::set(put_))
    if (std::ranges::find(*there, name_of(path)) == there->end()) std::ignore = put(path);
  if (std::ranges::find(*there, kCancelOrder) == there->end()) return;
  std::string text;
  const auto read = board.read_file(member_.job(), kCancelOrder, [&](std::string_view part) {
    text += part;
    return core::Status();
  });
  if (!read || !parked::ask_to_cancel(directory_, parked::lines_of(text))) return;
  std::ignore = board.remove_file(member_.job(), kCancelOrder);
}

core::Status none_out(shared_job::Board& board, const shared_job::Job& job) {
  const auto names = board.files(job);
  if (!names) return std::unexpected(names.error());
  if (std::ranges::all_of(*names, [](const std::string& name) { return name == kCancelOrder; }))
    return {};
  return core::fail(
      core::ErrorCode::pipeline,
      "batches of this job are out, and no endpoint has the tier \"batch\" any more: put "
      "it back until they were collected, or their rows are paid for twice",
      board.place());
}

core::Status order_cancel(shared_job::Board& board, const shared_job::Job& job,
                          std::span<const std::string> which) {
  std::string text;
  for (const std::string& one : which) text += one + "\n";
  return board.leave_file(job, kCancelOrder, text);
}

}  // namespace sluice::passes
