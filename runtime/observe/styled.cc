#include "observe/styled.h"

#include <iterator>

#include "observe/wrap.h"

namespace sluice::observe {
namespace {

std::string_view sequence_of(Tone tone) {
  switch (tone) {
    case Tone::plain:
      break;
    case Tone::strong:
      return "\x1b[1m";
    case Tone::dim:
      return "\x1b[2m";
    case Tone::good:
      return "\x1b[32m";
    case Tone::warning:
      return "\x1b[33m";
    case Tone::bad:
      return "\x1b[31m";
  }
  return "";
}

Line indentation(std::size_t indent) {
  return {{std::string(indent, ' '), Tone::plain}};
}

}  // namespace

std::size_t columns(const Line& line) {
  std::size_t sum = 0;
  for (const Span& span : line) sum += columns(span.text);
  return sum;
}

std::string written(const Line& line, bool colour) {
  std::string text;
  for (const Span& span : line) {
    const std::string_view sequence = colour ? sequence_of(span.tone) : "";
    text += sequence;
    text += span.text;
    if (!sequence.empty()) text += "\x1b[0m";
  }
  if (!colour) text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::vector<Line> flowed(Line head, const std::vector<Line>& pieces, std::size_t indent,
                         std::size_t width) {
  std::vector<Line> lines{std::move(head)};
  bool fresh = true;  // nothing stands in the last line but its head
  for (const Line& piece : pieces) {
    const std::size_t gap = fresh ? 0 : 2;
    if (!fresh && columns(lines.back()) + gap + columns(piece) > width) {
      lines.push_back(indentation(indent));
      fresh = true;
    }
    if (!fresh) lines.back().push_back({"  ", Tone::plain});
    if (columns(lines.back()) + columns(piece) <= width || piece.size() != 1) {
      lines.back().insert(lines.back().end(), piece.begin(), piece.end());
    } else {
      const std::size_t room = width - indent;
      for (const std::string& part : wrapped(piece[0].text, room)) {
        if (!fresh) lines.push_back(indentation(indent));
        lines.back().push_back({part, piece[0].tone});
        fresh = false;
      }
    }
    fresh = false;
  }
  return lines;
}

}  // namespace sluice::observe
