#include "dsl/other_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "script/diagnostic.h"

namespace sluice::dsl {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::array kOurs = {
    // options
    Pair{"max_tokens", "max_output_tokens"},
    Pair{"max_completion_tokens", "max_output_tokens"},
    Pair{"api_key", "key"},
    Pair{"apikey", "key"},
    Pair{"token", "key"},
    Pair{"url", "base_url"},
    Pair{"api_base", "base_url"},
    Pair{"address", "base_url"},
    Pair{"concurrency", "max_concurrency"},
    Pair{"requests_per_minute", "rpm"},
    Pair{"tokens_per_minute", "tpm"},
    Pair{"response_format", "structured"},
    Pair{"max_retries", "retries"},
    Pair{"batch_size", "rows"},
    Pair{"prompt", "user"},
    Pair{"schema", "answer"},
    Pair{"max_cost", "budget"},
    Pair{"time_limit", "deadline"},
    Pair{"id", "key"},
    // constructors
    Pair{"string", "text"},
    Pair{"str", "text"},
    Pair{"enum", "one_of"},
    Pair{"choice", "one_of"},
    Pair{"integer", "int"},
    Pair{"float", "number"},
    Pair{"double", "number"},
    Pair{"boolean", "bool"},
    Pair{"array", "list"},
    Pair{"dict", "object"},
    Pair{"filter", "keep"},
    Pair{"batch", "pack"},
    Pair{"flat_map", "explode"},
    Pair{"input", "read"},
    Pair{"output", "sink"},
    Pair{"write", "sink"},
    Pair{"env", "secret"},
};

// The number that `text` begins with, and what follows it without blanks.
std::optional<std::pair<double, std::string_view>> number_and_rest(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !(number > 0)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return std::pair(number, text);
}

// Of currencies that are not the US dollar, in lower case.
constexpr std::array<std::string_view, 45> kCurrencies = {
    "€",    "£",     "¥",     "₹",     "₩",      "₽",   "a$",    "c$",     "eur",
    "euro", "euros", "gbp",   "pound", "pounds", "jpy", "yen",   "cny",    "rmb",
    "yuan", "inr",   "rupee", "krw",   "won",    "chf", "franc", "francs", "rupees",
    "sek",  "nok",   "dkk",   "pln",   "czk",    "huf", "try",   "ils",    "cad",
    "aud",  "nzd",   "sgd",   "hkd",   "brl",    "mxn", "zar",   "rub",    "uah"};

std::string_view without_blanks(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string_view meant(std::string_view word, std::span<const std::string_view> candidates) {
  for (const auto& [other, ours] : kOurs) {
    if (other == word && std::ranges::find(candidates, ours) != candidates.end()) return ours;
  }
  return script::nearest(word, candidates);
}

std::string as_duration(std::string_view text) {
  const auto parts = number_and_rest(text);
  if (!parts) return {};
  constexpr std::array kUnits = {
      Pair{"s", "sec second seconds secs"},
      Pair{"m", "min mins minute minutes"},
      Pair{"h", "hr hrs hour hours"},
      Pair{"d", "day days"},
  };
  const auto& [number, unit] = *parts;
  if (number != static_cast<double>(static_cast<long>(number)) || number > 1e6) return {};
  const auto names = [&](std::string_view words) {
    for (std::size_t at = 0; (at = words.find(unit, at)) != words.npos; at += unit.size()) {
      const bool begins = at == 0 || words[at - 1] == ' ';
      const bool ends = at + unit.size() == words.size() || words[at + unit.size()] == ' ';
      if (begins && ends) return true;
    }
    return false;
  };
  if (unit.empty()) return {};
  for (const auto& [letter, words] : kUnits)
    if (unit == letter || names(words)) return fmt::format("{}{}", number, letter);
  return {};
}

std::string as_money(std::string_view text) {
  if (text.starts_with("USD")) text.remove_prefix(3);
  while (text.starts_with(' ') || text.starts_with('$')) text.remove_prefix(1);
  const auto parts = number_and_rest(text);
  if (!parts) return {};
  const auto& [number, rest] = *parts;
  const bool dollars = rest.empty() || rest == "USD" || rest == "$" || rest == "usd" ||
                       rest == "dollars" || rest == "dollar";
  return dollars ? fmt::format("${}", number) : std::string();
}

std::string dollars_for(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  text = without_blanks(text);
  const std::size_t first = text.find_first_of(kDigits);
  if (first == text.npos) return {};
  const std::size_t last = text.find_last_of(kDigits);
  const std::string_view before = without_blanks(text.substr(0, first));
  const std::string_view behind = without_blanks(text.substr(last + 1));
  std::string word(before.empty() ? behind : before);
  for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  const bool one = before.empty() != behind.empty();
  if (!one || std::ranges::find(kCurrencies, word) == kCurrencies.end()) return {};
  const auto parts = number_and_rest(text.substr(first, last + 1 - first));
  return parts && parts->second.empty() ? fmt::format("${}", parts->first) : "$10";
}

}  // namespace sluice::dsl
