#include "source/text_source.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/scratch.h"

namespace sluice::source {
namespace {

using State = format::RecordSource::State;

TEST(TextSource, SaysHowFarItIsAlsoInTheMiddleOfWhatItHasRead) {
  const Scratch scratch;
  std::string lines;
  for (int i = 0; i < 8000; ++i)
    lines += fmt::format("{{\"id\":{},\"t\":\"{}\"}}\n", i, std::string(40 + i % 9, 'x'));
  const auto source = open_text(scratch.write("in.jsonl", lines), {}, nullptr, {});
  ASSERT_TRUE(source) << source.error().text();
  double offset = 0;
  double furthest = 0;
  std::size_t late = 0;
  const format::RecordSource::Take take = [&](const format::Record& record) {
    const double passed = (*source)->passed();
    EXPECT_GE(passed, furthest) << "it never goes back";
    furthest = passed;
    if (offset > 16 * 1024)
      late += std::abs(passed - offset) > 0.02 * static_cast<double>(lines.size());
    offset += static_cast<double>(record.text.size() + 1);
    return true;
  };
  for (State state = State::more; state != State::end;) {
    const auto read = (*source)->read(take);
    ASSERT_TRUE(read) << read.error().text();
    state = *read;
  }
  EXPECT_EQ(offset, static_cast<double>(lines.size()));
  EXPECT_EQ((*source)->passed(), offset);
  EXPECT_EQ(late, 0U);
}

}  // namespace
}  // namespace sluice::source
