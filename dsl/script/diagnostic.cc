#include "script/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace sluice::script {
namespace {

// What stands under `line` before the caret: tabs stay tabs, so that the caret is under its word
// whatever the width of a tab.
std::string padding(std::string_view line, int columns) {
  std::string pad;
  for (const char c : line) {
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;
    if (columns-- == 0) break;
    pad += c == '\t' ? '\t' : ' ';
  }
  if (columns > 0) pad.append(static_cast<std::size_t>(columns), ' ');
  return pad;
}

// The line as it may be shown: what looks like a credential is starred out, one star a character.
// Those are a long text given as `key`, and what stands before the '@' of an address.
std::string shown_line(const Source& source, std::string_view line) {
  constexpr std::size_t kLongName = 16;  // names of fields, which read's key is, are shorter
  std::string shown(line);
  const std::size_t start = static_cast<std::size_t>(line.data() - source.text().data());
  const auto& tokens = source.tokens();
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    const std::string_view text = source.token_text(token);
    if (token.offset < start || token.offset + token.length > start + line.size()) continue;
    if (token.kind != TokenKind::string && token.kind != TokenKind::bad) continue;
    const std::size_t in_line = token.offset - start;
    const bool is_key = i >= 2 && source.token_text(tokens[i - 2]) == "key" &&
                        source.token_text(tokens[i - 1]) == "=";
    if (is_key && text.size() >= kLongName + 2) {
      std::fill_n(shown.begin() + static_cast<std::ptrdiff_t>(in_line) + 1, text.size() - 2, '*');
    }
    const std::size_t scheme = text.find("://");
    const std::size_t at = text.find('@', scheme == text.npos ? text.size() : scheme);
    if (at != text.npos) {
      std::fill_n(shown.begin() + static_cast<std::ptrdiff_t>(in_line + scheme) + 3,
                  at - scheme - 3, '*');
    }
  }
  // What would move the cursor stays out of the terminal.
  std::ranges::replace_if(
      shown, [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; }, '?');
  return shown;
}

// Levenshtein's distance, with two neighbours swapped counting as one edit.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

constexpr std::size_t kShownBytes = 100;  // of a line, on each side of a place

std::string shown_at(const Source& source, const Span& span) {
  const std::string_view line = source.line_text(span.offset);
  const std::size_t start =
      static_cast<std::size_t>(source.text().data() + span.offset - line.data());
  const std::string_view marked =
      line.substr(std::min(start, line.size()), std::min(span.length, kShownBytes));
  const auto width = static_cast<std::size_t>(std::max(1, code_points(marked)));
  // Of a long line, what stands around the place.
  std::size_t from = start > kShownBytes ? start - kShownBytes / 2 : 0;
  while (from > 0 && (static_cast<unsigned char>(line[from]) & 0xC0) == 0x80) --from;
  std::string shown = shown_line(source, line).substr(from);
  if (shown.size() > 2 * kShownBytes) shown = shown.substr(0, 2 * kShownBytes) + "…";
  const std::string_view cut = from > 0 ? "…" : "";
  return fmt::format("{:>6} | {}{}\n{:>6} | {}{}{}", span.line, cut, shown, "",
                     cut.empty() ? "" : " ",
                     padding(line.substr(from), code_points(line.substr(from, start - from))),
                     std::string(width, '^'));
}

core::Error error_at(const Source& source, const Span& span, std::string_view what,
                     std::string_view hint) {
  std::string message = fmt::format("error: {}\n{}", what, shown_at(source, span));
  if (!hint.empty()) message += fmt::format(" {}", hint);
  return {core::ErrorCode::pipeline, std::move(message),
          fmt::format("{}:{}:{}", source.name(), span.line, source.column(span.offset))};
}

core::Error error_in(const std::string& file, std::string_view what, std::string_view hint) {
  std::string message = fmt::format("error: {}", what);
  if (!hint.empty()) message += fmt::format("\n{:>6} | {}", "", hint);
  return {core::ErrorCode::pipeline, std::move(message), file};
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr std::size_t kLongestWord = 40;  // longer ones are no slip of the finger
  std::string_view best;
  std::size_t best_distance = 1 + std::max<std::size_t>(1, word.size() / 3);
  if (word.size() > kLongestWord) return best;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates,
                         std::string otherwise) {
  const std::string_view near = nearest(word, candidates);
  return near.empty() ? std::move(otherwise) : fmt::format("did you mean '{}'?", near);
}

}  // namespace sluice::script
