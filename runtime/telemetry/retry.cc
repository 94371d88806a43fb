#include "telemetry/retry.h"

#include <fmt/format.h>

#include <algorithm>

#include "provider/retry_after.h"

namespace sluice::telemetry {

bool is_passing(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

bool is_passing(http::Failure::Kind kind) {
  using Kind = http::Failure::Kind;
  return kind == Kind::dns || kind == Kind::connect || kind == Kind::timeout || kind == Kind::reset;
}

std::optional<core::Duration> delay_after(int tries, core::Duration elapsed, double chance,
                                          std::string_view retry_after, core::WallTime now,
                                          const Patience& patience) {
  core::Duration delay = patience.first_delay;
  for (int i = 1; i < tries && delay < patience.most_delay; ++i) delay *= 2;
  delay = std::min(delay, patience.most_delay);
  delay -= std::chrono::duration_cast<core::Duration>(delay * (chance / 2));
  auto asked = provider::read_count_of(retry_after, std::chrono::seconds(1));
  if (!asked) asked = provider::read_http_date(retry_after, now);
  if (asked) delay = std::max(delay, *asked);
  if (elapsed + delay > patience.batch) return std::nullopt;
  return delay;
}

std::string status_text(int status) {
  std::string_view help;
  if (status == 401 || status == 403) help = ": check OTEL_EXPORTER_OTLP_HEADERS";
  if (status == 404 || status == 405)
    help =
        ": check the endpoint's path; OTEL_EXPORTER_OTLP_ENDPOINT gets /v1/traces and /v1/metrics "
        "appended";
  if (status == 400 || status == 415) help = ": does it take OTLP as JSON?";
  if (status == 413) help = ": lower OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
  return fmt::format("it answers {}{}", status, help);
}

}  // namespace sluice::telemetry
