#include "inspect/stream_times.h"

#include <simdjson.h>

#include "core/json.h"

namespace sluice::inspect {

struct StreamTimes::Parser {
  simdjson::dom::parser json;
};

StreamTimes::StreamTimes() : parser_(std::make_unique<Parser>()) {}
StreamTimes::~StreamTimes() = default;
StreamTimes::StreamTimes(StreamTimes&&) noexcept = default;

void StreamTimes::add(std::string_view bytes, core::Time now) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (line_.size() + part.size() > kMostEventBytes) too_long_ = true;
    if (!too_long_) line_ += part;
    if (end == bytes.npos) return;
    bytes.remove_prefix(end + 1);
    if (!too_long_) take_line(line_, now);
    line_.clear();
    too_long_ = false;
  }
}

void StreamTimes::take_line(std::string_view line, core::Time now) {
  constexpr std::string_view kData = "data:";
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!line.starts_with(kData)) return;
  line.remove_prefix(kData.size());
  while (line.starts_with(' ')) line.remove_prefix(1);
  if (line == "[DONE]") {
    done_ = true;
    return;
  }
  simdjson::dom::element event;
  const simdjson::padded_string text(line);
  if (core::not_starved(parser_->json.parse(text)).get(event) != simdjson::SUCCESS) return;
  const auto count = [](const simdjson::simdjson_result<simdjson::dom::element>& at,
                        std::uint64_t& into) {
    std::uint64_t number = 0;
    if (at.get_uint64().get(number) == simdjson::SUCCESS) into = number;
  };
  const auto usage = event["usage"];
  count(usage["prompt_tokens"], input_);
  count(usage["completion_tokens"], output_);
  count(usage["prompt_tokens_details"]["cached_tokens"], cached_);
  const auto delta = event["choices"].at(0)["delta"];
  for (const char* name : {"content", "reasoning_content", "reasoning", "refusal"}) {
    std::string_view piece;
    if (delta[name].get_string().get(piece) != simdjson::SUCCESS || piece.empty()) continue;
    if (!first_) first_ = now;
    last_ = now;
    ++pieces_;
    return;
  }
}

}  // namespace sluice::inspect
