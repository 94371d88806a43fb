#include "inspect/first_rows.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "core/printable.h"
#include "source/sources.h"

namespace sluice::inspect {
namespace {

constexpr int kMostReads = 16;      // of 256 KiB of text each
constexpr auto kMostWildcards = 2;  // in a file's name; in a folder's none

}  // namespace

// A pattern of this kind reads one folder.
bool quick_to_expand(std::string_view pattern) {
  const std::size_t slash = pattern.rfind('/');
  const std::string_view folder = slash == pattern.npos ? "" : pattern.substr(0, slash);
  const std::string_view name = pattern.substr(slash + 1);  // npos + 1 = 0
  const auto wild = [](char c) { return c == '*' || c == '?' || c == '['; };
  return !std::ranges::any_of(folder, wild) && std::ranges::count_if(name, wild) <= kMostWildcards;
}

namespace {

bool is_plain_file(const std::string& path) {
  struct stat status{};
  // Files of /proc have no size: to read one may take for ever.
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
}
bool is_empty_file(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0 &&
         !path.starts_with("/proc/") && !path.starts_with("/sys/");
}

}  // namespace

FirstRows first_rows(const stages::ReadSpec& read, std::size_t count, std::size_t which) {
  FirstRows first;
  const std::string& pattern = read.paths[which];
  if (pattern == "-" || !quick_to_expand(pattern)) {
    first.why_none = fmt::format("'{}' cannot be looked at beforehand", core::printable(pattern));
    return first;
  }
  const auto paths = source::names_of({.paths = {pattern}, .format = {}});
  if (!paths || !is_plain_file(paths->front())) {
    first.why_none =
        paths ? fmt::format("'{}' is not a plain file, or empty", core::printable(paths->front()))
              : fmt::format("'{}' is not there", core::printable(pattern));
    first.empty = paths && is_empty_file(paths->front());
    if (first.empty) first.path = paths->front();
    return first;
  }
  const auto take = [&](const format::Record& record) {
    core::Row row;
    row.raw = record.text;
    row.line = record.line;
    if (record.reject != nullptr) row.reject = std::make_shared<const core::Reject>(*record.reject);
    first.rows.push_back(std::move(row));
    return first.rows.size() < count;
  };
  using State = format::RecordSource::State;
  core::Result<State> state = State::more;
  auto opened = source::open(read, paths->front());
  if (!opened) state = std::unexpected(opened.error());
  for (int i = 0; i < kMostReads && state && *state == State::more; ++i)
    state = (*opened)->read(take);
  if (opened) first.description = (*opened)->description();
  if (!state) first.error = state.error();
  if (first.rows.empty()) {
    first.why_none = fmt::format("'{}' has no rows", core::printable(paths->front()));
    first.empty = state && *state == State::end;
  }
  first.path = paths->front();
  return first;
}

}  // namespace sluice::inspect
