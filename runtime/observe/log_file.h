// The file of `--log-file`: lines of JSON (events.h), appended to what is there.
//
// Threads: any; one line at a time.
//
// Invariants:
//   1. Each line is one write(2) to a file opened for appending: lines of several processes do not mix.
//   2. The path is looked at before a line, at most once a second: where it names another file, or none, that one is
//      opened (and made). So a log can be rotated by renaming it, and by copying and cutting it.
//   3. A line that cannot be written is lost, and never keeps the run waiting or ends it: the first such problem is told,
//      and the first time that the path cannot be opened again.
//   4. A line that follows one that was cut off (a full disk, a crash) begins a line of its own.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/error.h"

namespace sluice::observe {

class LogFile {
 public:
  // Is told what is wrong, for people; must not write here.
  using OnProblem = std::function<void(const std::string& message)>;

  // A new file is readable by its owner alone. ErrorCode::usage for a file that has something else in it than such lines,
  // which may be the user's; ErrorCode::io where it cannot be opened. `clock` outlives it.
  static core::Result<std::shared_ptr<LogFile>> open(std::string path, const core::Clock& clock,
                                                     OnProblem on_problem);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  void write(std::string_view json);  // without a line's end

 private:
  LogFile(std::string path, int file, const core::Clock& clock, OnProblem on_problem);
  // What is to be told.
  std::optional<std::string> write_line(std::string_view json);
  std::optional<std::string> follow_path();
  bool append(std::string_view text);

  const std::string path_;
  const core::Clock& clock_;
  const OnProblem on_problem_;
  std::mutex mutex_;  // guards the rest
  int file_;
  core::Time looked_at_;
  bool cut_ = false;  // what stands last in the file is a part of a line
  bool lost_told_ = false;
  bool gone_told_ = false;
};

}  // namespace sluice::observe
