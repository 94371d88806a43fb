// A child process whose output goes to files. For tests of the real program.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sluice::cli {

class Process {
 public:
  // Runs `arguments` (the first is the program) in `folder`; output and errors go to `name`.out and
  // `name`.err there.
  Process(const std::string& folder, const std::string& name,
          const std::vector<std::string>& arguments);
  ~Process();  // kills what still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number);
  // The exit status; 128 + the signal when one ended it; nullopt when it still runs after
  // `patience` (it is killed then).
  std::optional<int> wait(std::chrono::seconds timeout = std::chrono::seconds(120));
  bool running();
  // Asks `holds` every millisecond until it is so: what happens in another process has no event of its
  // own here. False when this process ends before, or `patience` does.
  bool runs_until(const std::function<bool()>& holds,
                  std::chrono::seconds timeout = std::chrono::seconds(120));
  std::string output() const;
  std::string errors() const;

 private:
  std::optional<int> reap(int options);
  pid_t pid_ = -1;
  std::optional<int> status_;
  std::string stem_;
};

}  // namespace sluice::cli
