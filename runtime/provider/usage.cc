#include "provider/usage.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sluice::provider {
namespace {

// Beyond this a double is no longer every whole number, and no reply has so many tokens.
constexpr std::uint64_t kMostCount = 1'000'000'000'000'000;

struct Count {
  bool present = false;
  std::optional<std::uint64_t> value;  // none: not readable
};

std::optional<std::uint64_t> whole_number(const Element& element) {
  std::uint64_t count = 0;
  if (element.get(count) == simdjson::SUCCESS)
    return count <= kMostCount ? std::optional(count) : std::nullopt;
  double number = 0;
  if (element.get(number) == simdjson::SUCCESS) {
    if (!(number >= 0) || number > static_cast<double>(kMostCount)) return std::nullopt;
    if (number != std::floor(number)) return std::nullopt;
    return static_cast<std::uint64_t>(number);
  }
  std::string_view digits;
  if (element.get(digits) != simdjson::SUCCESS || digits.empty()) return std::nullopt;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc() || end != digits.data() + digits.size() || count > kMostCount)
    return std::nullopt;
  return count;
}

Count count_of(const std::optional<Element>& element) {
  if (!element) return {};
  return {true, whole_number(*element)};
}

// A part of another count: nothing where it cannot be read.
std::uint64_t part(const std::optional<Element>& element) {
  return count_of(element).value.value_or(0);
}
std::uint64_t part(const std::optional<Element>& of, std::string_view name) {
  return of ? part(member(*of, name)) : 0;
}

// What was written to the provider's cache, of `total`: an hour's entries where the reply tells them
// apart, else all of it for the shorter time.
void take_writes(Usage& counts, std::uint64_t total, const std::optional<Element>& by_time) {
  const std::uint64_t room = counts.input - std::min(counts.input, counts.cached_input);
  const std::uint64_t brief = part(by_time, "ephemeral_5m_input_tokens");
  const std::uint64_t hour = part(by_time, "ephemeral_1h_input_tokens");
  const std::uint64_t writes = std::min(std::max(total, brief + hour), room);
  counts.cache_write_1h = std::min(hour, writes);
  counts.cache_write = writes - counts.cache_write_1h;
}

// The larger of two names for one count: gateways that send both leave the unused one zero.
Count either(const Count& a, const Count& b) {
  if (!a.value) return b.value ? b : Count{a.present || b.present, std::nullopt};
  return b.value && *b.value > *a.value ? b : a;
}

}  // namespace

std::optional<Usage> read_usage(const Element& usage, UsageConvention convention, Counts counted) {
  constexpr std::array<std::string_view, 13> kNames = {"prompt_tokens",
                                                       "completion_tokens",
                                                       "input_tokens",
                                                       "output_tokens",
                                                       "prompt_tokens_details",
                                                       "input_tokens_details",
                                                       "completion_tokens_details",
                                                       "output_tokens_details",
                                                       "prompt_cache_hit_tokens",
                                                       "cache_read_input_tokens",
                                                       "cache_creation_input_tokens",
                                                       "cache_creation",
                                                       "reasoning_tokens"};
  const auto [prompt, completion, input, output, prompt_details, input_details, completion_details,
              output_details, cache_hit, cache_read, cache_creation, creation_times, reasoning] =
      members(usage, kNames);

  const Count in = either(count_of(prompt), count_of(input));
  Count out = either(count_of(completion), count_of(output));
  if (counted == Counts::input_alone && !out.present) out.value = 0;
  if (!in.value || !out.value) return std::nullopt;
  Usage counts{.input = *in.value, .output = *out.value};

  // Anthropic's own counts, also where a gateway hands them on under the other dialect.
  const bool apart =
      convention.cached_beside_input || (!prompt && input && (cache_read || cache_creation));
  if (apart) {
    const Count read = count_of(cache_read);
    const Count created = count_of(cache_creation);
    if ((read.present && !read.value) || (created.present && !created.value)) return std::nullopt;
    counts.cached_input = read.value.value_or(0);
    counts.input += counts.cached_input + created.value.value_or(0);
    take_writes(counts, created.value.value_or(0), creation_times);
  } else {
    counts.cached_input = std::max({part(prompt_details, "cached_tokens"),
                                    part(input_details, "cached_tokens"), part(cache_hit)});
    // More than all of the input: then it stands beside it (xAI does so at times).
    if (counts.cached_input > counts.input) counts.input += counts.cached_input;
    take_writes(counts,
                std::max({part(prompt_details, "cache_write_tokens"),
                          part(input_details, "cache_write_tokens"), part(cache_creation)}),
                creation_times);
  }

  counts.reasoning = std::max({part(completion_details, "reasoning_tokens"),
                               part(output_details, "reasoning_tokens"),
                               part(output_details, "thinking_tokens"), part(reasoning)});
  if (convention.reasoning_beside_output) {
    if (completion_details) {
      const Count beside = count_of(member(*completion_details, "reasoning_tokens"));
      if (beside.present && !beside.value) return std::nullopt;
    }
    counts.output += counts.reasoning;
  }
  counts.reasoning = std::min(counts.reasoning, counts.output);
  return counts;
}

}  // namespace sluice::provider
