#include "inspect/stream_times.h"

#include <gtest/gtest.h>

namespace sluice::inspect {
namespace {

using namespace std::chrono_literals;

// As vLLM sends them.
constexpr std::string_view kStream =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"Hm\"}}]}\r\n\r\n"
    ": a comment\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Yes\"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":7,"
    "\"prompt_tokens_details\":{\"cached_tokens\":4}}}\n\n"
    "data: [DONE]\n\n";

TEST(StreamTimes, TellsWhenTextCameAndHowManyTokensItWas) {
  StreamTimes times;
  core::Time now;
  for (std::string_view left = kStream; !left.empty();) {
    const std::size_t end = left.find("\n\n") == left.npos ? left.size() : left.find("\n\n") + 2;
    now += 10ms;
    times.add(left.substr(0, end), now);
    left.remove_prefix(end);
  }
  EXPECT_EQ(times.first(), core::Time() + 20ms) << "an empty piece is none";
  EXPECT_EQ(times.last(), core::Time() + 30ms);
  EXPECT_EQ(times.pieces(), 2u);
  EXPECT_EQ(times.input_tokens(), 12u);
  EXPECT_EQ(times.cached_tokens(), 4u);
  EXPECT_EQ(times.output_tokens(), 7u);
  EXPECT_TRUE(times.done());
}

TEST(StreamTimes, DoesNotDependOnHowTheBytesAreSplit) {
  StreamTimes times;
  for (const char& byte : kStream) times.add({&byte, 1}, core::Time() + 1ms);
  EXPECT_EQ(times.pieces(), 2u);
  EXPECT_EQ(times.output_tokens(), 7u);
  EXPECT_TRUE(times.done());
}

TEST(StreamTimes, PassesOverWhatIsNotAnEvent) {
  StreamTimes times;
  times.add("data: {broken\n\ndata: 7\n\ndata: {\"choices\":\"none\"}\n\n", core::Time());
  times.add("data: " + std::string(StreamTimes::kMostEventBytes + 1, 'x') + "\n\n", core::Time());
  EXPECT_FALSE(times.first());
  times.add("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n", core::Time());
  EXPECT_TRUE(times.first());
}

}  // namespace
}  // namespace sluice::inspect
