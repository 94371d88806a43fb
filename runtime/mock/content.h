// The text of an answer, and how a fault spoils it. Plain functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mock/chat.h"
#include "provider/row_tags.h"

namespace sluice::mock {

// How an answer in JSON comes back. The first five befall packs alone.
enum class PackFault : std::uint8_t {
  none,
  drop_row,
  double_row,
  foreign_id,
  re_id,
  reorder,
  fence,
  trailing_comma
};

// The rows that a request asks about: those of a pack, or the whole user message. Their texts are
// what the client made of the rows, without what it adds to a row that it asks again.
std::vector<provider::FramedRow> rows_of(const ChatRequest& request);

// `draw` chooses the row that a fault befalls; what is answered about the others does not depend on
// it.
std::string content_for(const ChatRequest& request, const std::vector<provider::FramedRow>& rows,
                        std::uint64_t seed, PackFault fault, std::uint64_t draw);

// Cuts `content` to at most `bytes`, between characters.
void cut_text(std::string& content, std::size_t bytes);

// Words around `content` that make it no JSON, whatever it was.
std::string garbled(std::string_view content);

}  // namespace sluice::mock
