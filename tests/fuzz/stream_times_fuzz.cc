// What a stream is taken for does not depend on how its bytes were split. The first byte says where.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "inspect/stream_times.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sluice::inspect::StreamTimes;
  if (size < 2) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data + 1), size - 1);
  StreamTimes whole;
  whole.add(stream, {});
  StreamTimes split;
  const std::size_t step = 1 + data[0] % 64;
  for (std::size_t at = 0; at < stream.size(); at += step) split.add(stream.substr(at, step), {});
  if (whole.pieces() != split.pieces() || whole.done() != split.done() ||
      whole.first() != split.first() || whole.input_tokens() != split.input_tokens() ||
      whole.output_tokens() != split.output_tokens())
    std::abort();
  return 0;
}
