#include "observe/display.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "observe/events.h"
#include "observe/wrap.h"

namespace sluice::observe {
namespace {

constexpr std::size_t kDefaultColumns = 80;
constexpr std::string_view kHideCursor = "\x1b[?25l";
constexpr std::string_view kShowCursor = "\x1b[?25h";

std::atomic<int> hidden_on{-1};  // the terminal whose cursor is hidden

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count <= 0) return;  // a display that cannot be written to is no reason to stop
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

// Back to the first line of a block, everything below wiped.
std::string wipe(std::size_t lines) {
  return lines == 0 ? "" : fmt::format("\r\x1b[{}A\x1b[J", lines);
}

}  // namespace

Display::Display(int fd, Style style, Look look, core::Duration line_interval, LogFile* file)
    : fd_(fd), style_(style), look_(look), line_interval_(line_interval), file_(file) {}

Display::~Display() {
  clear();
  restore_terminal();
}

void Display::show(const View& view, core::Time now) {
  if (style_ == Style::block) paint(view);
  if (last_line_ && now - *last_line_ < line_interval_) return;
  last_line_ = now;
  event(as_json(view));
  if (style_ == Style::lines) write_all(fd_, as_line(view) + "\n");
}

void Display::tell(const std::string& message) {
  event(notice_json(message, std::chrono::system_clock::now()));
  say(message);
}

void Display::say(const std::string& message) {
  clear();
  if (style_ == Style::lines) write_all(fd_, message + "\n");
  if (style_ == Style::block) {
    bool first = true;
    for (const std::string& line :
         wrapped(message, std::max<std::size_t>(terminal_width(fd_), 20) - 2)) {
      write_all(fd_, (first ? "" : "  ") + line + "\n");
      first = false;
    }
  }
}

void Display::event(const std::string& json) {
  if (file_ != nullptr) file_->write(json);
  if (style_ == Style::json) write_all(fd_, json + "\n");
}

void Display::paint(const View& view) {
  std::string text;
  if (hidden_on.exchange(fd_) < 0) text += kHideCursor;
  text += wipe(painted_lines_);
  const auto lines = as_block(view, std::max(terminal_width(fd_), std::size_t{2}) - 1, look_);
  for (const std::string& line : lines) text += line + "\n";
  painted_lines_ = lines.size();
  write_all(fd_, text);
}

void Display::clear() {
  write_all(fd_, wipe(painted_lines_));
  painted_lines_ = 0;
}

void Display::restore_terminal() {
  const int fd = hidden_on.exchange(-1);
  if (fd >= 0) write_all(fd, kShowCursor);
}

bool is_live_terminal(int fd) {
  const char* term = std::getenv("TERM");
  return ::isatty(fd) == 1 && term != nullptr && std::string_view(term) != "dumb" && *term != '\0';
}

std::size_t terminal_width(int fd) {
  if (::isatty(fd) != 1) return 0;
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return kDefaultColumns;
}

Look look_of(int fd) {
  const char* no_colour = std::getenv("NO_COLOR");
  std::string_view locale;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    locale = value;
    break;
  }
  return {.colour = is_live_terminal(fd) && (no_colour == nullptr || *no_colour == '\0'),
          .unicode = locale.contains("UTF-8") || locale.contains("utf8")};
}

}  // namespace sluice::observe
