// How the rows of a pack stand in the user message, and how an id is read back out of it.
//
//   <row id="a1">
//   first row's rendered prompt
//   </row>
//   <row id="a2">
//   …
//   </row>
//
// Invariants:
//   1. The tag is "row", or "row-1", "row-2", … : the first one such that neither "<TAG" nor
//   "</TAG"
//      occurs in any row's text, in any letter case. So no row can end itself or forge a neighbour.
//   2. Ids are unique within a pack.
// Written by stages/pack, read by the mock. Plain functions, any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::provider {

// Around what was wrong with the earlier answer to a row that is asked again: the end of its text.
constexpr std::string_view kFeedback = "\n\nAn earlier answer to this was not accepted: ";
constexpr std::string_view kFeedbackEnd = ". Answer again so that it fits.";

struct FramedRow {
  std::string_view id;
  std::string_view text;
};

// Appends the user message for `rows` to `out`.
void append_framed(std::string& out, std::span<const FramedRow> rows);

// The rows of a message made by append_framed(), borrowing from `message`; empty when it is none.
std::vector<FramedRow> read_framed(std::string_view message);

}  // namespace sluice::provider
