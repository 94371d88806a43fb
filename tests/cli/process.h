// A child process whose output is kept in memory, each process's apart. For tests of the real program.
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
  // Runs `arguments` (the first is the program) in `folder`; `name` is what its output is called in
  // /proc.
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
  int output_;  // memory files
  int errors_;
};

}  // namespace sluice::cli
