#include "mock/answer_text.h"

#include <algorithm>
#include <string>

#include "mock/content.h"
#include "mock/draws.h"
#include "simulate/random.h"
#include "wire/media.h"

namespace sluice::mock {
namespace {

constexpr std::string_view kRefusal = "I'm sorry, but I can't help with that.";

bool holds(std::string_view text, const std::string& part) {
  return !part.empty() && text.find(part) != text.npos;
}

// Tokens of the answer beyond its text's, within the request's limit.
std::uint64_t draw_reasoning(const Options& options, std::uint64_t draws, const wire::Asked& asked,
                             std::uint64_t text_tokens) {
  if (!options.output_tokens) return 0;
  constexpr double kMost = 1e6;  // no model writes more at once
  const double drawn =
      options.output_tokens->median * simulate::log_normal(options.output_tokens->sigma,
                                                           simulate::mix(draws, kOutputDraw),
                                                           simulate::mix(draws, kOutputAngleDraw));
  const auto most = static_cast<double>(asked.max_output_tokens.value_or(UINT32_MAX));
  const auto tokens = static_cast<std::uint64_t>(std::min({drawn, most, kMost}));
  return tokens > text_tokens ? tokens - text_tokens : 0;
}

}  // namespace

void write_text(wire::Answer& answer, const wire::Asked& asked, const AnswerPlan* plan,
                const std::vector<provider::FramedRow>& rows, Fault fault, const Options& options,
                std::uint64_t draws) {
  if (holds(asked.user, options.refuse)) {
    answer.refusal = kRefusal;
    answer.output = wire::tokens_of(kRefusal.size());
    return;
  }
  std::string& text = answer.text;
  if (holds(asked.user, options.poison)) {
    text = garbled("something else");
    fault = Fault::none;
  } else {
    text = content_for(plan, rows, options.seed, fault, simulate::mix(draws, kRowDraw));
    if (plan == nullptr) text.insert(0, wire::media_text(asked));
  }
  if (fault == Fault::garble) text = garbled(text);
  std::size_t most = asked.max_output_tokens
                         ? std::min<std::uint64_t>(*asked.max_output_tokens, UINT32_MAX) * 4
                         : text.size();
  if (fault == Fault::truncate) {
    // Somewhere in the middle: at least one byte is missing, and one is left where there are two.
    const auto cut = static_cast<std::size_t>(simulate::unit(simulate::mix(draws, kCutDraw)) *
                                              static_cast<double>(text.size()));
    most = std::min(most, std::max<std::size_t>(cut, text.size() > 1 ? 1 : 0));
  }
  answer.cut = most < text.size();
  cut_text(text, most);
  answer.output = wire::tokens_of(text.size());
  answer.reasoning = draw_reasoning(options, draws, asked, answer.output);
  answer.output += answer.reasoning;
  if (asked.ignores_end && asked.max_output_tokens && answer.output < *asked.max_output_tokens) {
    answer.output = *asked.max_output_tokens;
    answer.cut = true;
  }
  if (fault == Fault::reasoning_only) {
    // All that it was allowed went into thinking.
    text.clear();
    answer.cut = true;
    answer.output = asked.max_output_tokens.value_or(answer.output);
    answer.reasoning = answer.output;
  }
}

}  // namespace sluice::mock
