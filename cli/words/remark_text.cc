#include "words/remark_text.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "core/json.h"
#include "core/printable.h"

namespace sluice::words {
namespace {

// The number behind the last ':' of `text`, which is cut off.
std::optional<std::uint64_t> take_number(std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos || colon + 1 == text.size()) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  text.resize(colon);
  return number;
}

void number_or_null(core::JsonWriter& w, std::string_view name, std::uint64_t number) {
  w.key(name);
  if (number == 0) return w.null();
  w.value(number);
}

}  // namespace

inspect::Remark remark_of(const core::Error& error, const std::string& file) {
  inspect::Remark remark{inspect::Severity::error, error.where, 0, 0, error.message, {}};
  const auto last = take_number(remark.file);
  const auto before = last ? take_number(remark.file) : std::nullopt;
  remark.line = before ? *before : last.value_or(0);
  remark.column = before ? *last : 0;
  if (remark.file.empty()) remark.file = file;
  // "error: what\n    15 |  the line\n       |  ^^^ hint"
  std::string& message = remark.message;
  if (message.starts_with("error: ")) message.erase(0, 7);
  const std::size_t line_end = message.find('\n');
  if (line_end == message.npos) return remark;
  std::string hint = message.substr(message.rfind('\n') + 1);
  message.resize(line_end);
  const std::size_t bar = hint.find('|');
  const std::size_t start = bar == hint.npos ? 0 : hint.find_first_not_of(" ^", bar + 1);
  if (start != hint.npos) remark.hint = hint.substr(start);
  return remark;
}

std::string remarks_text(const std::vector<inspect::Remark>& remarks) {
  std::string text;
  for (const inspect::Remark& one : remarks) {
    // The detail of a line that cannot be read begins with its place.
    std::string place = one.file;
    if (one.line > 0) place += fmt::format(":{}", one.line);
    if (!one.shown.empty()) {  // as an error of the pipeline file
      text += core::printable(
                  fmt::format("  {:<11}{}:{}: {}\n{}{}{}", inspect::severity_name(one.severity),
                              place, one.column, one.message, one.shown,
                              one.hint.empty() ? "" : " ", one.hint),
                  core::Lines::kept) +
              "\n";
      continue;
    }
    const bool placed = one.message.find(place + ":") != one.message.npos;
    text += core::printable(fmt::format("  {:<11}{}{}{}{}{}", inspect::severity_name(one.severity),
                                        placed ? "" : place, placed ? "" : ": ", one.message,
                                        one.hint.empty() ? "" : "; ", one.hint)) +
            "\n";
  }
  return text;
}

std::string remarks_json(const std::vector<inspect::Remark>& remarks, bool ok) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("ok", ok);
  w.key("findings");
  w.open('[');
  for (const inspect::Remark& one : remarks) {
    w.open('{');
    w.field("severity", inspect::severity_name(one.severity));
    w.field("file", one.file);
    number_or_null(w, "line", one.line);
    number_or_null(w, "column", one.column);
    w.field("message", one.message);
    w.key("hint");
    if (one.hint.empty()) {
      w.null();
    } else {
      w.value(one.hint);
    }
    w.close('}');
  }
  w.close(']');
  w.close('}');
  return out;
}

}  // namespace sluice::words
