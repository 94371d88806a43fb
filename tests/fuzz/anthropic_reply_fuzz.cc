#include <array>

#include "reply_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::provider;
  static constexpr std::array<std::string_view, 1> kBaseUrls = {"https://api.anthropic.com"};
  fuzz_reply(Dialect::anthropic_messages, kBaseUrls, {reinterpret_cast<const char*>(data), size});
  return 0;
}
