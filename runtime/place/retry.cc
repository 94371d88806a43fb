#include "place/retry.h"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace sluice::place {

bool is_passing(int status, std::string_view code) {
  if (status == 400) return code == "RequestTimeout";
  if (status == 409) return code == "OperationAborted";
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
         status == 504 || code == "SlowDown" || code == "InternalError";
}

bool is_passing(http::Failure::Kind kind) {
  using Kind = http::Failure::Kind;
  return kind != Kind::tls && kind != Kind::too_large && kind != Kind::cancelled;
}

std::optional<core::Duration> delay_after(int tries, const Patience& patience, double chance,
                                          std::string_view retry_after) {
  if (tries >= patience.tries) return std::nullopt;
  core::Duration delay = patience.first_delay;
  for (int i = 1; i < tries && delay < patience.most_delay; ++i) delay *= 2;
  delay = std::min(delay, patience.most_delay);
  delay -= std::chrono::duration_cast<core::Duration>(delay * (chance / 2));
  int seconds = 0;
  const auto [end, error] =
      std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), seconds);
  if (error == std::errc() && seconds > 0)
    delay = std::clamp<core::Duration>(std::chrono::seconds(seconds), delay, patience.most_delay);
  return delay;
}

}  // namespace sluice::place
