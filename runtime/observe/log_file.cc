#include "observe/log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace sluice::observe {
namespace {

constexpr std::chrono::seconds kLookEvery{1};
constexpr std::string_view kLineStart = R"({"event":")";

// A pipe without a reader, or one that is full, must not keep the run waiting.
int open_to_append(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                0600);
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

struct Content {
  bool of_others = false;  // it does not begin as a log does
  bool cut = false;        // its last line has no end
};

// Of a file that is there; of one that cannot be read, nothing.
Content content_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0)
    return {};
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  std::array<char, kLineStart.size()> start{};
  char last = '\n';
  const ssize_t begins = ::pread(file, start.data(), start.size(), 0);
  const ssize_t ends = ::pread(file, &last, 1, status.st_size - 1);
  ::close(file);
  if (begins < 0 || ends < 0) return {};
  const std::string_view text(start.data(), static_cast<std::size_t>(begins));
  return {.of_others = text != kLineStart, .cut = last != '\n'};
}

}  // namespace

core::Result<std::shared_ptr<LogFile>> LogFile::open(std::string path, const core::Clock& clock,
                                                     OnProblem on_problem) {
  const Content content = content_of(path);
  if (content.of_others)
    return core::fail(core::ErrorCode::usage,
                      "this file has something else in it than a log of sluice: give --log-file "
                      "another name",
                      path);
  const int file = open_to_append(path);
  if (file < 0) return core::fail_errno("the log cannot be opened", errno, path);
  std::shared_ptr<LogFile> log(new LogFile(std::move(path), file, clock, std::move(on_problem)));
  log->cut_ = content.cut;
  return log;
}

LogFile::LogFile(std::string path, int file, const core::Clock& clock, OnProblem on_problem)
    : path_(std::move(path)),
      clock_(clock),
      on_problem_(std::move(on_problem)),
      file_(file),
      looked_at_(clock.now()) {}

LogFile::~LogFile() {
  ::close(file_);
}

void LogFile::write(std::string_view json) {
  std::optional<std::string> problem;
  {
    const std::lock_guard lock(mutex_);
    problem = write_line(json);
  }
  if (problem) on_problem_(fmt::format("the log {}: {}; the run goes on", path_, *problem));
}

std::optional<std::string> LogFile::write_line(std::string_view json) {
  const core::Time now = clock_.now();
  std::optional<std::string> problem;
  if (now - looked_at_ >= kLookEvery) {
    looked_at_ = now;
    problem = follow_path();
  }
  std::string line = cut_ ? "\n" : "";
  line.append(json) += '\n';
  if (append(line) || lost_told_) return problem;
  lost_told_ = true;
  return "a line cannot be written: " + reason(errno);
}

// The old file stays where there is no new one.
std::optional<std::string> LogFile::follow_path() {
  struct stat there{}, open{};
  const bool same = ::stat(path_.c_str(), &there) == 0 && ::fstat(file_, &open) == 0 &&
                    there.st_dev == open.st_dev && there.st_ino == open.st_ino;
  if (same) return std::nullopt;
  const Content content = content_of(path_);
  const int file = content.of_others ? -1 : open_to_append(path_);
  if (file < 0 && std::exchange(gone_told_, true)) return std::nullopt;
  if (content.of_others) return "it was moved away, and its path has another file than a log now";
  if (file < 0) return "it is gone and cannot be opened again: " + reason(errno);
  ::close(std::exchange(file_, file));
  cut_ = content.cut;
  return std::nullopt;
}

bool LogFile::append(std::string_view text) {
  ssize_t count = -1;
  do count = ::write(file_, text.data(), text.size());
  while (count < 0 && errno == EINTR);
  if (count == static_cast<ssize_t>(text.size())) {
    cut_ = false;
    return true;
  }
  if (count > 0) {
    cut_ = true;
    errno = ENOSPC;  // which a write in part does not say
  }
  return false;
}

}  // namespace sluice::observe
