#include "queue/sent_position.h"

#include <fmt/format.h>

#include <utility>

#include "core/hash.h"
#include "queue/answer_lines.h"
#include "storage/atomic_file.h"
#include "storage/whole_file.h"

namespace sluice::queue {
namespace {

constexpr std::uint64_t kPositionBytes = 200;

}  // namespace

SentPosition::SentPosition(std::string_view folder, std::string_view address, std::string name)
    : file_(fmt::format("{}/sent-{}.position", folder, core::hash128(address).hex().substr(0, 16))),
      name_(std::move(name)) {}

core::Result<format::Stand> SentPosition::read() const {
  const auto text = storage::read_whole(file_, kPositionBytes);
  if (!text && text.error().what == storage::FileProblem::What::missing) return format::Stand();
  const auto stand = text ? read_stand(*text) : std::nullopt;
  if (!stand)
    return core::fail(
        core::ErrorCode::corrupt,
        fmt::format("{} does not say how far answers were sent: delete it, and all of them "
                    "are sent again",
                    file_),
        name_);
  return *stand;
}

core::Status SentPosition::write(const format::Stand& stand) const {
  auto file = storage::AtomicFile::create(file_);
  if (!file) return std::unexpected(file.error());
  if (auto wrote = (*file)->write(stand_text(stand)); !wrote) return wrote;
  return (*file)->finish();
}

core::Status SentPosition::cannot_restart(std::string_view kind) const {
  return core::fail(core::ErrorCode::pipeline,
                    fmt::format("answers that were sent before have changed or gone, and a {0} "
                                "cannot take them back: name another {0}, or delete {1}, so that "
                                "all answers are sent again",
                                kind, file_),
                    name_);
}

}  // namespace sluice::queue
