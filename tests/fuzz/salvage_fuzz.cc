// Whatever a model replies, no row is given what does not carry its id, and words before the reply
// change nothing (tests/answer/salvage_oracle.h).
//
// Input: the reply, with each of the bytes F8…FF, which UTF-8 does not have, standing for a longer
// piece of what replies are made of; but when it begins with a zero byte, what follows stands for
// itself.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/answer/salvage_oracle.h"

namespace {

constexpr std::string_view kPieces[] = {"{\"id\":\"a1\",\"n\":",
                                        "{\"id\":\"a2\",\"n\":",
                                        "\"answers\":[",
                                        "\"id\":",
                                        "\"a1\":{",
                                        "{\"id\":12",
                                        "```json\n",
                                        "<row id=\"a1\">\n"};

std::string reply_of(std::string_view input) {
  if (input.starts_with('\0')) return std::string(input.substr(1));
  std::string reply;
  for (const char c : input) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0xF8) {
      reply += kPieces[byte - 0xF8];
    } else {
      reply += c;
    }
  }
  return reply;
}

}  // namespace

// Where memory came from is not needed to find what goes wrong here, and takes half of the time.
extern "C" const char* __asan_default_options() {
  return "malloc_context_size=0:quarantine_size_mb=8";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::answer;
  static const std::vector<std::string> kIds = {"a1", "a2", "12", "b"};
  static simdjson::dom::parser parser;
  const std::string reply = reply_of({reinterpret_cast<const char*>(data), size});
  if (const std::string mistake = salvage_mistake(reply, kIds, parser); !mistake.empty()) {
    std::fprintf(stderr, "%s\n", mistake.c_str());
    std::abort();
  }
  if (const auto object = salvage_object(reply, parser)) {
    const auto read = nlohmann::json::parse(simdjson::minify(*object), nullptr, false);
    if (!read.is_object()) std::abort();
  }
  return 0;
}
