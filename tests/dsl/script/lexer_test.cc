#include "script/lexer.h"

#include <gtest/gtest.h>

#include <random>

#include "script/diagnostic.h"
#include "script/source.h"

namespace sluice::script {
namespace {

std::vector<std::string> texts(std::string_view source) {
  std::vector<std::string> all;
  for (const Token& token : lex(source))
    all.emplace_back(source.substr(token.offset, token.length));
  return all;
}

TEST(Lexer, KnowsAllOfLuasTokens) {
  using T = std::vector<std::string>;
  EXPECT_EQ(texts("a.b = 0x1p-4 .. 3e+5//2"),
            (T{"a", ".", "b", "=", "0x1p-4", "..", "3e+5", "//", "2", ""}));
  EXPECT_EQ(texts(R"(x = "a\"b" 'c\'d' [[e]] [==[f]]g]==])"),
            (T{"x", "=", R"("a\"b")", R"('c\'d')", "[[e]]", "[==[f]]g]==]", ""}));
  EXPECT_EQ(texts("a -- b\n--[[ c\nd ]] e --[==[ f ]] ]==] g"), (T{"a", "e", "g", ""}));
  EXPECT_EQ(texts("...~=<<::goto"), (T{"...", "~=", "<<", "::", "goto", ""}));
}

TEST(Lexer, CountsLinesAsLuaDoes) {
  const auto tokens = lex("a\r\nb\n\rc\rd [[\n\n]] e 'x\\\ny' f");
  std::vector<int> lines;
  for (const Token& token : tokens) lines.push_back(token.line);
  EXPECT_EQ(lines, (std::vector{1, 2, 3, 4, 4, 6, 6, 7, 7}));
}

TEST(Lexer, MarksWhatIsNoLua) {
  const auto kinds = [](std::string_view source) {
    std::vector<TokenKind> all;
    for (const Token& token : lex(source)) all.push_back(token.kind);
    return all;
  };
  using enum TokenKind;
  EXPECT_EQ(kinds("'open"), (std::vector{bad, end}));
  EXPECT_EQ(kinds("\"open\nx"), (std::vector{bad, name, end}));
  EXPECT_EQ(kinds("[==[ open ]]"), (std::vector{bad, end}));
  EXPECT_EQ(kinds("a $ b"), (std::vector{name, bad, name, end}));
  EXPECT_EQ(kinds("!"), (std::vector{bad, end}));
}

TEST(Lexer, TakesAnyBytesInOrderAndWithoutOverlap) {
  constexpr std::string_view kPieces[] = {"[",  "=", "[[", "]]", "--", "\"",   "'", "\\", "\n",
                                          "\r", "a", "0x", "e+", ".",  "\xff", "{", "}",  " "};
  std::mt19937 random(11);
  for (int round = 0; round < 3000; ++round) {
    std::string source;
    for (unsigned n = random() % 12; n > 0; --n) source += kPieces[random() % std::size(kPieces)];
    std::size_t at = 0;
    const auto tokens = lex(source);
    for (const Token& token : tokens) {
      ASSERT_GE(token.offset, at) << source;
      ASSERT_EQ(token.length == 0, token.kind == TokenKind::end) << source;
      at = token.offset + token.length;
    }
    ASSERT_EQ(tokens.back().offset, source.size()) << source;
  }
}

TEST(Source, FindsTheEntriesOfATable) {
  const Source source("x.lua", R"(s.pack { rows = 5, ["a b"] = f(1, 2), 7,
  user = function(a, b) if a then return a, b end end; last = { 1, 2 } })");
  const auto call = source.find_call(1, "pack", {"rows"});
  ASSERT_TRUE(call && call->table);
  std::vector<std::string> seen;
  for (const Entry& entry : source.entries(*call->table)) {
    seen.push_back(entry.key + ":" + source.text().substr(entry.value.offset, entry.value.length));
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"rows:5", "a b:f(1, 2)", ":7",
                                            "user:function(a, b) if a then return a, b end end",
                                            "last:{ 1, 2 }"}));
}

TEST(Source, TakesTheCallThatHoldsTheKey) {
  const Source source("x.lua", "f { s.openai { a = 1 }, s.openai { b = 2 } }");
  const auto call = source.find_call(1, "openai", {"b"});
  ASSERT_TRUE(call);
  EXPECT_EQ(call->function.offset, 24u);
  EXPECT_EQ(call->function.length, 8u);
}

TEST(Source, CountsColumnsInCharacters) {
  const Source source("x.lua", "local größe = x");
  EXPECT_EQ(source.column(source.text().find('x')), 15);
}

TEST(Nearest, IsASlipOfTheFingerAway) {
  constexpr std::string_view kNames[] = {"system", "rows", "tokens", "user"};
  EXPECT_EQ(nearest("sytem", kNames), "system");
  EXPECT_EQ(nearest("ssytem", kNames), "system");
  EXPECT_EQ(nearest("row", kNames), "rows");
  EXPECT_EQ(nearest("temperature", kNames), "");
  EXPECT_EQ(nearest("", kNames), "");
}

}  // namespace
}  // namespace sluice::script
