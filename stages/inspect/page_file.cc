#include "inspect/page_file.h"

#include "storage/atomic_file.h"
#include "storage/whole_file.h"

namespace sluice::inspect {
namespace {

constexpr std::uint64_t kMostBytes = 64 << 20;

bool may_replace(const std::string& path) {
  const auto there = storage::read_whole(path, kMostBytes);
  if (!there) return there.error().what == storage::FileProblem::What::missing;
  return there->empty() || there->starts_with(kPageStart);
}

}  // namespace

core::Status write_page(const Page& page, const std::string& to) {
  if (!may_replace(to))
    return core::fail(core::ErrorCode::usage,
                      "it is there, and is not a page of sluice: give another name", to);
  auto file = storage::AtomicFile::create(to);
  if (!file) return std::unexpected(file.error());
  if (auto written = (*file)->write(html(page)); !written) return written;
  return (*file)->finish();
}

}  // namespace sluice::inspect
