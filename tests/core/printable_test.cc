#include "core/printable.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TEST(Printable, LeavesTextAsItIs) {
  for (const char* text : {"", "plain", "Größe 3 × 5 — “so”", "日本語", "😀", "a\u00A0b", "עברית"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, TakesOutWhatSteersATerminal) {
  EXPECT_EQ(printable("a\x1b[2Jb\rc\nd\te\x7f"), "a [2Jb c d e ");
  EXPECT_EQ(printable("a\u009B2Jb\u0085c\u0090d"), "a 2Jb c d") << "C1 as UTF-8";
  EXPECT_EQ(printable("a\x9B\x32Jb"), "a?2Jb") << "C1 as a byte";
  EXPECT_EQ(printable("\u202Egnp.exe\u202C \u2066x\u2069 \u200Fy\u061C"), " gnp.exe   x   y ");
  EXPECT_EQ(printable("a\u2028b\u2029c"), "a b c");
}

TEST(Printable, KeepsLinesWhereTheyAreWanted) {
  EXPECT_EQ(printable("a\n\tb\r\n\x1b", Lines::kept), "a\n\tb \n ");
}

TEST(Printable, ShowsWhatIsNoUtf8) {
  EXPECT_EQ(printable("\xC3"), "?");
  EXPECT_EQ(printable("\xC0\x9B"), "??") << "overlong";
  EXPECT_EQ(printable("\xE0\x82\x9B"), "???") << "overlong";
  EXPECT_EQ(printable("\xED\xA0\x80"), "???") << "a surrogate";
  EXPECT_EQ(printable("\xF5\x80\x80\x80x"), "????x");
}

}  // namespace
}  // namespace sluice::core
