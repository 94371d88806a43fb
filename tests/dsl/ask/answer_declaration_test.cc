// The language of --answer: what it means, and what is said about mistakes.
#include "ask/answer_declaration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::ask {
namespace {

// "name: lua" of each field, or the error.
std::string read(std::string_view argument) {
  const auto fields = read_answer(argument);
  if (!fields) return fields.error().message;
  std::string text;
  for (const DeclaredField& field : *fields) text += field.name + ": " + field.lua + "\n";
  return text;
}

TEST(AnswerDeclaration, ChoicesAreWrittenWithBars) {
  EXPECT_EQ(read("queue=billing|bug|access"),
            "queue: s.one_of { \"billing\", \"bug\", \"access\" }\n");
  EXPECT_EQ(read(" verdict = not sure | it's fine|don't "),
            "verdict: s.one_of { \"not sure\", \"it's fine\", \"don't\" }\n");
  EXPECT_EQ(read(R"(size="a, b"|'c|d'|e)"), "size: s.one_of { \"a, b\", \"c|d\", \"e\" }\n");
}

TEST(AnswerDeclaration, TypesHaveBounds) {
  EXPECT_EQ(read("a=text, b=int, c=number, d=bool"),
            "a: s.text\nb: s.int\nc: s.number\nd: s.bool\n");
  EXPECT_EQ(read("a=text ..200,b=int 1..5,c=number 0.5..,d=int -3..3"),
            "a: s.text { max = 200 }\nb: s.int { min = 1, max = 5 }\n"
            "c: s.number { min = 0.5 }\nd: s.int { min = -3, max = 3 }\n");
}

TEST(AnswerDeclaration, ListsAreOfAnyType) {
  EXPECT_EQ(read("tags=list of text, n=list 1..5 of int 0..9, q=list of a|b"),
            "tags: s.list { s.text }\nn: s.list { s.int { min = 0, max = 9 }, min = 1, max = 5 }\n"
            "q: s.list { s.one_of { \"a\", \"b\" } }\n");
}

TEST(AnswerDeclaration, AQuestionMarkMakesAFieldOptional) {
  EXPECT_EQ(read("note?=text, queue? =a|b"),
            "note: s.text { optional = true }\n"
            "queue: s.one_of { \"a\", \"b\", optional = true }\n");
}

TEST(AnswerDeclaration, QuotesAtTheEndAreADescription) {
  EXPECT_EQ(read(R"(urgency=int 1..5 "5 is worst, or so", q=a|b "which one", l=list of a|b "all")"),
            "urgency: s.int { min = 1, max = 5, description = \"5 is worst, or so\" }\n"
            "q: s.one_of { \"a\", \"b\", description = \"which one\" }\n"
            "l: s.list { s.one_of { \"a\", \"b\" }, description = \"all\" }\n");
  EXPECT_EQ(read(R"(q=a|"b c" "which one")"),
            "q: s.one_of { \"a\", \"b c\", description = \"which one\" }\n");
}

TEST(AnswerDeclaration, AMistakeIsShownWhereItStands) {
  EXPECT_EQ(read("queue=billing|bug, note=txt"),
            "--answer: 'txt' is not a type\n"
            "    queue=billing|bug, note=txt\n"
            "                            ^^^ did you mean 'text'?");
  EXPECT_EQ(read("ürgency=integer"),
            "--answer: 'integer' is not a type here\n"
            "    ürgency=integer\n"
            "            ^^^^^^^ it is called int");
}

TEST(AnswerDeclaration, EachMistakeHasItsWords) {
  using testing::HasSubstr;
  const std::pair<std::string_view, std::string_view> mistakes[] = {
      {"", "a field is missing here"},
      {"a=text,", "a field is missing here"},
      {"queue", "a field is written name=type"},
      {"queue: a|b", "put '=' here"},
      {"=text", "a name is missing before this"},
      {"a=", "'a' has no type"},
      {"a=yes", "'yes' is neither a type nor several choices"},
      {"a=a||b", "a choice is missing behind this"},
      {"a=|b", "a choice is missing before this"},
      {"a=a|b|", "a choice is missing behind this"},
      {"a=x|y|x", "the choice 'x' is there twice"},
      {"a=text, a=int", "'a' is declared twice"},
      {"a=int 1-5", "'1-5' are not bounds"},
      {"a=int 1..x", "'x' is not a whole number"},
      {"a=int 1.5..2", "'1.5' is not a whole number"},
      {"a=number nan..", "'nan' is not a number"},
      {"a=int 5..1", "did you mean 1..5?"},
      {"a=int ..", "bounds without a number"},
      {"a=bool 1..2", "bool takes nothing more"},
      {"a=int 1..5 b=text", "a comma goes before the next field"},
      {"a=list text", "a list is a list of something"},
      {"a=list of", "a list of what?"},
      {"a=list of nothing", "neither a type"},
      {"a=text \"open", "this quote is not closed"},
      {"a=x|\"y", "this quote is not closed"},
      {"a=text \"one\" two", "the description is the last of a field"},
      {"a=x|\"y\" z", "only a description in quotes can stand here"},
  };
  for (const auto& [argument, words] : mistakes)
    EXPECT_THAT(read(argument), HasSubstr(words)) << argument;
}

TEST(AnswerDeclaration, ALongArgumentIsShownAroundTheMistake) {
  std::string argument = "a=x";
  for (int i = 0; i < 40; ++i) argument += "|choice" + std::to_string(i);
  argument += ", b=txt, c=text, more=text, and_more=text, and_the_last=text";
  const std::string text = read(argument);
  EXPECT_THAT(text, testing::HasSubstr("\n    …"));
  EXPECT_THAT(text, testing::HasSubstr("…\n"));
  EXPECT_LT(text.size(), 260u) << text;
}

}  // namespace
}  // namespace sluice::ask
