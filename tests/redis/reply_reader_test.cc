#include "redis/reply_reader.h"

#include <gtest/gtest.h>

#include "redis/command.h"

namespace sluice::redis {
namespace {

std::string text_of(const Reply& reply) {
  switch (reply.type) {
    case Reply::Type::nil:
      return "nil";
    case Reply::Type::integer:
      return std::to_string(reply.integer);
    case Reply::Type::text:
      return "'" + reply.text + "'";
    case Reply::Type::status:
      return reply.text;
    case Reply::Type::error:
      return "error " + reply.text;
    case Reply::Type::array:
      break;
  }
  std::string all = "[";
  for (const Reply& item : reply.items) all += (all.size() > 1 ? " " : "") + text_of(item);
  return all + "]";
}

// All replies in `bytes`, fed in pieces of `piece` bytes.
std::string read(std::string_view bytes, std::size_t piece) {
  ReplyReader reader;
  std::string all;
  while (!bytes.empty()) {
    EXPECT_TRUE(reader.feed(bytes.substr(0, piece)));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    for (;;) {
      auto reply = reader.next();
      if (!reply) return all + "not RESP";
      if (!*reply) break;
      all += text_of(**reply) + "\n";
    }
  }
  return all;
}

TEST(ReplyReader, ReadsEveryKindInAnyPieces) {
  constexpr std::string_view kBytes =
      "+OK\r\n-ERR no\r\n:-7\r\n$5\r\na\r\nbc\r\n$-1\r\n*-1\r\n*0\r\n$0\r\n\r\n"
      "*2\r\n*2\r\n$1\r\nx\r\n:1\r\n*1\r\n*1\r\n$-1\r\n";
  const std::string expected =
      "OK\nerror ERR no\n-7\n'a\r\nbc'\nnil\nnil\n[]\n''\n[['x' 1] [[nil]]]\n";
  for (const std::size_t piece : {1, 2, 3, 7, 1000}) EXPECT_EQ(read(kBytes, piece), expected);
}

TEST(ReplyReader, RefusesWhatIsNotRespAndWhatIsTooMuch) {
  EXPECT_EQ(read("HTTP/1.1 400 Bad Request\r\n", 100), "not RESP");
  EXPECT_EQ(read("*2000000000\r\n", 100), "not RESP");
  EXPECT_EQ(read("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", 100),
            "not RESP");
}

TEST(Reply, HasTheFirstWordOfAnErrorAsItsCode) {
  EXPECT_EQ((Reply{Reply::Type::error, 0, "NOGROUP No such key"}.code()), "NOGROUP");
  EXPECT_EQ((Reply{Reply::Type::error, 0, "ERR"}.code()), "ERR");
  EXPECT_EQ((Reply{Reply::Type::text, 0, "NOGROUP x"}.code()), "");
}

TEST(Command, IsEncodedWithItsLengths) {
  EXPECT_EQ(encode({"SET", "k", std::string("a\0\r\n", 4)}),
            std::string("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\0\r\n\r\n", 30));
}

TEST(Script, IsCalledByItsSha1) {
  const auto script = std::make_shared<const Script>(make_script("return 1"));
  EXPECT_EQ(script->sha1, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
  EXPECT_EQ(call(script, {"k"}, {"a", "b"}).words,
            (std::vector<std::string>{"EVALSHA", script->sha1, "1", "k", "a", "b"}));
}

}  // namespace
}  // namespace sluice::redis
