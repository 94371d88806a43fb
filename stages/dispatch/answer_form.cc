#include "dispatch/answer_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "codec/registry.h"

namespace sluice::dispatch {
namespace {

using provider::StructuredOutput;

// What servers name when they do not take a response format: the parameter, or the thing.
constexpr std::array<std::string_view, 9> kWords = {
    "response_format", "response format", "json_schema", "json schema", "structured output",
    "output_config",   "output_format",   "guided_json", "text.format"};

bool names_the_form(std::string_view message) {
  return std::ranges::any_of(kWords, [&](std::string_view word) {
    const auto lower = [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    };
    return std::search(message.begin(), message.end(), word.begin(), word.end(),
                       [&](char a, char b) { return lower(a) == b; }) != message.end();
  });
}

}  // namespace

AnswerForm::AnswerForm(const provider::EndpointSpec& spec, const provider::PromptFrame& frame)
    : shaped_(!frame.schema.empty()) {
  provider::EndpointSpec tried = spec;
  const auto add = [&](StructuredOutput how) {
    tried.structured = how;
    provider::BodyFrame body = codec::make_codec(tried)->frame(frame);
    forms_.push_back({how, std::make_shared<const std::string>(std::move(body.prefix)),
                      std::make_shared<const std::string>(std::move(body.suffix))});
  };
  add(spec.structured);
  if (!shaped_ || spec.structured_fixed) return;
  for (const auto how : {StructuredOutput::json_object, StructuredOutput::instruction})
    if (how > spec.structured) add(how);
}

bool AnswerForm::refused(std::uint64_t attempt, provider::Outcome& outcome) {
  const bool of_the_form = shaped_ && outcome.status >= 400 && outcome.status < 500 &&
                           outcome.action == provider::Action::refused &&
                           names_the_form(outcome.message);
  if (!of_the_form || answered_) return false;
  if (attempt <= old_form_until_) return true;
  if (form_ + 1 < forms_.size()) {
    const std::string_view old = provider::structured_name(now().how);
    ++form_;
    old_form_until_ = last_sent_;
    note_ = fmt::format(
        "does not take {} ({}): asked with structured = \"{}\" from here on; write "
        "that into the endpoint to save the first requests",
        old, outcome.message, provider::structured_name(now().how));
    note_is_new_ = true;
    return true;
  }
  if (now().how == StructuredOutput::json_schema) {
    outcome.message += " (structured = \"json_object\" in the endpoint asks without a schema)";
  } else if (now().how == StructuredOutput::json_object) {
    outcome.message += " (structured = \"instruction\" in the endpoint asks in words alone)";
  }
  return false;
}

std::optional<std::string> AnswerForm::new_note() {
  if (!std::exchange(note_is_new_, false)) return std::nullopt;
  return note_;
}

}  // namespace sluice::dispatch
