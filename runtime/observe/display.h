// Where a run's progress is shown: one live block on a terminal, repainted in place; plain lines,
// now and then, elsewhere; or JSON lines for programs. Whatever is shown, these lines also go to a
// file where one is given.
//
// Threads: one at a time; but restore_terminal() is safe in a signal handler.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "observe/block.h"
#include "observe/log_file.h"
#include "observe/view.h"

namespace sluice::observe {

enum class Style : std::uint8_t { block, lines, json };

class Display {
 public:
  // Writes to `fd`, and JSON to `file`, which may be null and outlives it. Lines and JSON come at most
  // every `line_interval`.
  Display(int fd, Style style, Look look, core::Duration line_interval, LogFile* file = nullptr);
  ~Display();
  Display(const Display&) = delete;
  Display& operator=(const Display&) = delete;

  void show(const View& view, core::Time now);
  // One message that stays: a line above the block, or among the lines, or a JSON line.
  void tell(const std::string& message);
  // The same for people alone: nothing in JSON.
  void say(const std::string& message);
  // A line of --log json (events.h); nothing in the other styles, but for the file.
  void event(const std::string& json);
  // Takes the block away; what is written next stands in its place.
  void clear();

  // Makes the cursor visible again. For a process that ends at once; any context.
  static void restore_terminal();

 private:
  void paint(const View& view);
  const int fd_;
  const Style style_;
  const Look look_;
  const core::Duration line_interval_;
  LogFile* const file_;
  std::optional<core::Time> last_line_;  // or JSON line
  std::size_t painted_lines_ = 0;
};

// `fd` is a terminal that understands cursor movement.
bool is_live_terminal(int fd);

// The columns of the terminal at `fd`; 0 where it is none.
std::size_t terminal_width(int fd);

// Colour on a terminal, unless NO_COLOR is set; lines where the locale is one of UTF-8.
Look look_of(int fd);

}  // namespace sluice::observe
