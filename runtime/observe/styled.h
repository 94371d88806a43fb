// Pieces of text with a tone, joined to lines of a width.
//
// Threads: any; plain values and functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::observe {

enum class Tone : std::uint8_t { plain, strong, dim, good, warning, bad };

struct Span {
  std::string text;
  Tone tone = Tone::plain;
};
using Line = std::vector<Span>;

std::size_t columns(const Line& line);
// With colour: SGR sequences of the 16 colours that every terminal's own theme defines.
std::string written(const Line& line, bool colour);

// Puts pieces behind `head`, two blanks apart, into lines of at most `width` columns; those after
// the first begin with `indent` blanks. A piece is kept whole where a line has room for it, else it
// is broken at blanks.
std::vector<Line> flowed(Line head, const std::vector<Line>& pieces, std::size_t indent,
                         std::size_t width);

}  // namespace sluice::observe
