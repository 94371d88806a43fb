// The cases stand in messages.md, where they can be read as documentation: a message as it comes
// over the wire, and the events that it must give, however it is split.
#include "http/message_parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <sstream>

namespace sluice::http {
namespace {

class Recorder final : public MessageParser::Sink {
 public:
  bool on_head(MessageHead&& head) override {
    log_ += head.status != 0 ? fmt::format("status {}\n", head.status)
                             : fmt::format("request {} {}\n", head.method, head.target);
    for (const auto& [name, value] : head.headers)
      log_ += fmt::format("header {}={}\n", name, value);
    if (head.content_length >= 0) log_ += fmt::format("length {}\n", head.content_length);
    return true;
  }
  bool on_body(std::string_view bytes) override {
    body_ += bytes;
    return true;
  }
  // Body pieces depend on the split: joined.
  void note(const std::string& line) {
    if (!body_.empty()) log_ += "body " + std::exchange(body_, {}) + "\n";
    log_ += line + "\n";
  }
  const std::string& log() const { return log_; }

 private:
  std::string log_;
  std::string body_;
};

struct Case {
  std::string title;
  std::string kind;
  std::string input;
  std::string log;
};

std::string unescape(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      out += "\r\n";
    } else if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '.') {
      ++i;
      if (i + 1 < text.size() && text[i + 1] == '\n') ++i;  // "\." takes back the line end
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<Case> cases() {
  std::ifstream file(SLUICE_SOURCE_DIR "/tests/http/messages.md");
  std::vector<Case> all;
  std::string line;
  std::string* block = nullptr;
  while (std::getline(file, line)) {
    if (block) {
      if (line == "```") {
        block = nullptr;
      } else {
        *block += line + "\n";
      }
    } else if (line.starts_with("## ")) {
      all.push_back({line.substr(3), {}, {}, {}});
    } else if (line == "```log") {
      block = &all.back().log;
    } else if (line.starts_with("```")) {
      all.back().kind = line.substr(3);
      block = &all.back().input;
    }
  }
  for (Case& c : all) c.input = unescape(c.input);
  return all;
}

// Feeds the pieces until the input ends, then says that the peer has closed.
std::string events(const Case& c, const std::vector<std::string_view>& pieces) {
  Recorder recorder;
  MessageParser parser(
      c.kind == "request" ? MessageParser::Type::request : MessageParser::Type::response, recorder);
  const bool head = c.kind == "response-to-head";
  parser.start(head);
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      const auto step = parser.parse(piece);
      if (step.progress == MessageParser::Progress::more) break;
      if (step.progress == MessageParser::Progress::failed) {
        const std::string& problem = parser.problem();
        EXPECT_NE(problem, "") << c.title;
        // llhttp's reasons begin with a capital; they are its own to change.
        recorder.note(std::islower(problem[0]) ? "failed: " + problem : "failed");
        return recorder.log();
      }
      recorder.note(parser.keep_alive() ? "complete, keep" : "complete, close");
      piece.remove_prefix(step.used);
      parser.start(head);
    }
  }
  if (parser.began()) {
    recorder.note(parser.finish() == MessageParser::Progress::complete ? "complete at the end"
                                                                       : "cut short");
  }
  return recorder.log();
}

TEST(MessageParser, GivesTheEventsOfTheDocumentHoweverTheInputIsSplit) {
  const auto all = cases();
  ASSERT_GE(all.size(), 15u);
  for (const Case& c : all) {
    const std::string_view input = c.input;
    ASSERT_FALSE(input.empty()) << c.title;
    EXPECT_EQ(events(c, {input}), c.log) << c.title;
    for (std::size_t split = 1; split < input.size(); ++split) {
      ASSERT_EQ(events(c, {input.substr(0, split), input.substr(split)}), c.log)
          << c.title << ", split at " << split;
    }
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < input.size(); ++i) bytes.push_back(input.substr(i, 1));
    EXPECT_EQ(events(c, bytes), c.log) << c.title << ", byte by byte";
  }
}

TEST(MessageParser, BoundsTheHead) {
  const std::string endless[] = {
      "HTTP/1.1 200 OK\r\nA: " + std::string(300'000, 'x'),
      "HTTP/1.1 200 OK\r\n" + std::string(300'000, 'x'),
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: " + std::string(300'000, 'x'),
  };
  for (const std::string& input : endless) {
    Recorder recorder;
    MessageParser parser(MessageParser::Type::response, recorder);
    EXPECT_EQ(parser.parse(input).progress, MessageParser::Progress::failed);
    EXPECT_EQ(parser.problem(), "more than 256 KiB of headers");
  }
}

// Feeds `piece` until the parser refuses it; how many bytes it took, or 0 for more than a megabyte.
std::size_t taken_of(MessageParser& parser, std::string_view piece) {
  for (std::size_t taken = 0; taken < 1024 * 1024; taken += piece.size()) {
    if (parser.parse(piece).progress == MessageParser::Progress::failed)
      return taken + piece.size();
  }
  return 0;
}

TEST(MessageParser, BoundsWhatIsNeitherHeadNorBody) {
  constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  Recorder recorder;
  MessageParser parser(MessageParser::Type::response, recorder);
  ASSERT_EQ(parser.parse(kHead).progress, MessageParser::Progress::more);
  ASSERT_EQ(parser.parse("1;extension=").progress, MessageParser::Progress::more);
  const std::size_t taken = taken_of(parser, "without-an-end");
  EXPECT_GT(taken, 200u * 1024);
  EXPECT_LT(taken, 300u * 1024);
  EXPECT_EQ(parser.problem(), "more than 256 KiB that are neither headers nor body");
}

TEST(MessageParser, TakesABodyInTheSmallestOfPieces) {
  constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  Recorder recorder;
  MessageParser parser(MessageParser::Type::response, recorder);
  ASSERT_EQ(parser.parse(kHead).progress, MessageParser::Progress::more);
  EXPECT_EQ(taken_of(parser, "1\r\nx\r\n"), 0u);
}

TEST(MessageParser, BoundsInterimResponsesByTheirNumber) {
  constexpr std::string_view kInterim = "HTTP/1.1 102 Processing\r\n\r\n";
  Recorder recorder;
  MessageParser parser(MessageParser::Type::response, recorder);
  for (int i = 0; i < MessageParser::kMaxInterim; ++i)
    ASSERT_EQ(parser.parse(kInterim).progress, MessageParser::Progress::more);
  EXPECT_EQ(parser.parse(kInterim).progress, MessageParser::Progress::failed);
  EXPECT_EQ(parser.problem(), "more than 64 interim responses (1xx)");
  parser.start();  // each message has its own
  EXPECT_EQ(parser.parse(kInterim).progress, MessageParser::Progress::more);
}

TEST(MessageParser, StopsWhenTheSinkRefuses) {
  struct Refuser final : MessageParser::Sink {
    bool on_head(MessageHead&&) override { return head; }
    bool on_body(std::string_view) override { return false; }
    bool head = false;
  } refuser;
  for (const bool head : {false, true}) {
    refuser.head = head;
    MessageParser parser(MessageParser::Type::response, refuser);
    const auto step = parser.parse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab");
    EXPECT_EQ(step.progress, MessageParser::Progress::failed);
    EXPECT_EQ(parser.problem(), "");
  }
}

}  // namespace
}  // namespace sluice::http
