#include "core/json.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <random>

namespace sluice::core {
namespace {

std::string as_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonString, EscapesWhatJsonAsksFor) {
  EXPECT_EQ(as_json("a\"b\\c\nd\te\x01"), R"("a\"b\\c\nd\te\u0001")");
  EXPECT_EQ(as_json("Grüße 🙂"), "\"Grüße 🙂\"");
  EXPECT_EQ(as_json(""), "\"\"");
}

// Many bytes are looked at together: every byte value at every place, beside its like, and what
// simdjson writes of the same.
TEST(JsonString, EscapesEveryByteWhereverItStands) {
  simdjson::dom::parser parser;
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int c = 0; c < 0x80; ++c) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(c);
        if (at + 2 < size) text[at + 2] = static_cast<char>(c);
        const std::string json = as_json(text);
        simdjson::dom::element back;
        ASSERT_EQ(parser.parse(json).get(back), simdjson::SUCCESS) << size << " " << at << " " << c;
        ASSERT_EQ(back.get_string().value(), text);
        ASSERT_EQ(simdjson::minify(back), json);
      }
    }
  }
}

TEST(JsonString, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(as_json("a\xff"
                    "b"),
            "\"a\xEF\xBF\xBD"
            "b\"");
  EXPECT_EQ(as_json("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");  // a surrogate
}

TEST(JsonString, ReadsBackAsWritten) {
  std::mt19937 random(7);
  simdjson::dom::parser parser;
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(random() % 256);
    std::string_view back;
    ASSERT_EQ(parser.parse(as_json(bytes)).get(back), simdjson::SUCCESS);
    if (simdjson::validate_utf8(bytes)) {
      EXPECT_EQ(back, bytes);
    }
  }
}

TEST(JsonWriter, PlacesCommas) {
  std::string out;
  JsonWriter w(out);
  w.open('{');
  w.field("a", 1);
  w.key("b");
  w.open('[');
  w.value("x");
  w.value(true);
  w.value(0.1);
  w.null();
  w.open('{');
  w.close('}');
  w.close(']');
  w.field("c", -5);
  w.close('}');
  EXPECT_EQ(out, R"({"a":1,"b":["x",true,0.1,null,{}],"c":-5})");
}

TEST(JsonStringBytes, AreAsManyAsAreWritten) {
  for (const std::string text : {"", "ab", "a\"\\\n\x01", "sixteen bytes ok",
                                 "a tab\tbehind sixteen bytes\f", "gr\xC3\xBCn \x7F"}) {
    std::string out;
    append_json_string(out, text);
    EXPECT_EQ(json_string_bytes(text), out.size()) << text;
  }
}

}  // namespace
}  // namespace sluice::core
