// The text of an answer, and how a fault spoils it. Plain functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mock/answer_plan.h"
#include "mock/fault.h"
#include "provider/row_tags.h"

namespace sluice::mock {

// The rows that a request asks about: those of a pack, or the whole user message. Their texts are
// what the client made of the rows, without what it adds to a row that it asks again. They borrow
// from `user`; `plan` is null for free text.
std::vector<provider::FramedRow> rows_of(std::string_view user, const AnswerPlan* plan);

// `draw` chooses the row that a fault befalls; what is answered about the others does not depend on
// it.
std::string content_for(const AnswerPlan* plan, const std::vector<provider::FramedRow>& rows,
                        std::uint64_t seed, Fault fault, std::uint64_t draw);

// Cuts `content` to at most `bytes`, between characters.
void cut_text(std::string& content, std::size_t bytes);

// Words around `content` that make it no JSON, whatever it was.
std::string garbled(std::string_view content);

}  // namespace sluice::mock
