#include "inspect/first_rows.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>

#include "core/printable.h"
#include "place/places.h"
#include "source/sources.h"

namespace sluice::inspect {
namespace {

constexpr int kMostReads = 16;  // of 256 KiB of text each
constexpr std::chrono::seconds kLongestLook{5};
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

// Of the file `name`. A server is not waited for any longer than kLongestLook.
void look_at(const stages::ReadSpec& read, const std::string& name, std::size_t count,
             FirstRows& first) {
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
  auto opened = source::open(read, name);
  if (!opened) state = std::unexpected(opened.error());
  const auto until = std::chrono::steady_clock::now() + kLongestLook;
  const bool waits = place::is_remote(name);
  for (int i = 0; i < kMostReads && state && *state == State::more; ++i) {
    state = (*opened)->read(take);
    while (waits && state && *state == State::waiting && std::chrono::steady_clock::now() < until)
      state = (*opened)->read(take);
  }
  if (opened) first.description = (*opened)->description();
  if (!state) first.error = state.error();
  if (first.rows.empty()) {
    first.why_none = fmt::format("'{}' has no rows", core::printable(name));
    first.empty = state && *state == State::end;
    if (state && *state == State::waiting)
      first.why_none = fmt::format("the server of '{}' has not answered", core::printable(name));
  }
  first.path = name;
}

// What is wrong with a server at this moment is no mistake of the pipeline: it is a reason for no rows.
FirstRows remote_rows(const stages::ReadSpec& read, const std::string& pattern, std::size_t count) {
  FirstRows first;
  stages::ReadSpec look = read;
  look.paths = {pattern};
  look.places =
      (read.places ? read.places : std::make_shared<place::Places>(place::Settings{}))->hasty();
  std::string name = pattern;
  std::optional<core::Error> error;
  if (const auto names = source::names_of(look)) {
    name = names->front();
    look_at(look, name, count, first);
    error = first.error;
  } else {
    error = names.error();
  }
  if (!error || error->where != name) return first;  // none, or one of what the file holds
  look.places->give_up(*error);
  first = {};
  first.why_none = fmt::format("'{}' was not looked at: {}", core::printable(pattern),
                               core::printable(error->message));
  return first;
}

// Of a table: of a file of this machine only, since nothing is sent.
FirstRows first_of_table(const stages::ReadSpec& read, std::size_t count) {
  FirstRows first;
  const std::string name = source::shown_names(read).front();
  if (!read.table || read.table->database != table::Database::sqlite ||
      !is_plain_file(read.table->file)) {
    first.why_none = fmt::format("'{}' cannot be looked at beforehand", core::printable(name));
    return first;
  }
  look_at(read, name, count, first);
  first.path = read.table->file;
  return first;
}

}  // namespace

FirstRows first_rows(const stages::ReadSpec& read, std::size_t count, std::size_t which) {
  if (read.paths.empty()) return first_of_table(read, count);
  FirstRows first;
  const std::string& pattern = read.paths[which];
  if (place::is_remote(pattern)) return remote_rows(read, pattern, count);
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
  look_at(read, paths->front(), count, first);
  return first;
}

}  // namespace sluice::inspect
