#include "inspect/row_count.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <memory>

#include "format/formats.h"
#include "place/places.h"
#include "source/sources.h"

namespace sluice::inspect {
namespace {

constexpr std::size_t kBuffer = 1 << 20;

bool has_lines(const stages::ReadSpec& read, const std::string& name) {
  if (name == "-" || place::is_remote(name) || name.ends_with(".gz") || name.ends_with(".zst"))
    return false;
  std::error_code error;
  return std::filesystem::is_regular_file(name, error) &&
         format::format_of(read.format, name).of_lines;
}

struct Counted {
  double lines = 0;
  double bytes = 0;
};

// Of the file's beginning, until `deadline`; the last line may have no end.
Counted count_lines(const std::string& path, core::Time deadline, const core::Clock& clock) {
  Counted counted;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return counted;
  const auto buffer = std::make_unique<std::array<char, kBuffer>>();
  char last = '\n';
  while (true) {
    const ssize_t got = ::read(fd, buffer->data(), buffer->size());
    if (got <= 0) break;
    const auto end = buffer->begin() + got;
    counted.lines += static_cast<double>(std::count(buffer->begin(), end, '\n'));
    counted.bytes += static_cast<double>(got);
    last = *(end - 1);
    if (clock.now() >= deadline) break;
  }
  if (last != '\n') ++counted.lines;
  ::close(fd);
  return counted;
}

}  // namespace

std::optional<RowCount> count_rows(const stages::ReadSpec& read,
                                   const std::vector<std::string>& names, const ReadSoFar& so_far,
                                   core::Duration patience) {
  RowCount count;
  const auto rows_read = static_cast<double>(so_far.rows);
  if (so_far.complete) {
    count.rows = rows_read;
    return count;
  }
  if (so_far.rows == 0 || so_far.records == 0) return std::nullopt;
  const double rows_a_record = rows_read / static_cast<double>(so_far.records);
  const auto total = source::total_bytes(read, names);
  if (read.paths.empty() || !total || *total == 0) return std::nullopt;
  const auto bytes = static_cast<double>(*total);

  if (std::ranges::all_of(names, [&](const auto& name) { return has_lines(read, name); }) &&
      so_far.lines > 0) {
    const core::SystemClock clock;
    const core::Time deadline = clock.now() + patience;
    Counted all;
    for (const std::string& name : names) {
      if (clock.now() >= deadline) break;
      const Counted one = count_lines(name, deadline, clock);
      all.lines += one.lines;
      all.bytes += one.bytes;
    }
    if (all.lines <= 0) return std::nullopt;
    const bool whole = all.bytes >= bytes * 0.999999;
    const double records_a_line =
        static_cast<double>(so_far.records) / static_cast<double>(so_far.lines);
    count.rows = all.lines * (whole ? 1 : bytes / all.bytes) * records_a_line * rows_a_record;
    count.bytes_a_row = bytes / count.rows;
    // Of records that are as long as those read, or of steps that drop some, nothing is known beyond.
    count.spread = (whole ? 0 : 0.02) + (rows_a_record == 1 ? 0 : 0.1);
  } else if (so_far.bytes > 0) {
    count.rows = std::max(rows_read, rows_read * bytes / so_far.bytes);
    count.bytes_a_row = bytes / count.rows;
    count.spread = 0.15;
  } else {
    return std::nullopt;
  }
  if (so_far.bytes > 0) count.bytes_a_row_read = so_far.bytes / rows_read;
  return count;
}

}  // namespace sluice::inspect
