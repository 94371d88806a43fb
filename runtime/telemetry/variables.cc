#include "telemetry/variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sluice::telemetry {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::uint64_t kMostMilliseconds = 2'147'483'647;  // what the specification asks for

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

template <class Number>
std::optional<Number> parsed(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned byte = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

}  // namespace

std::optional<Variables::Found> Variables::find(const std::string& name) const {
  const auto value = environment_(name);
  if (!value || trimmed(*value).empty()) return std::nullopt;
  return Found{name, std::string(trimmed(*value))};
}

std::optional<Variables::Found> Variables::find(const std::string& first,
                                                const std::string& second) const {
  auto found = find(first);
  return found ? std::move(found) : find(second);
}

bool Variables::flag(const std::string& name) {
  const auto found = find(name);
  if (!found) return false;
  std::string value = found->value;
  std::ranges::transform(value, value.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  if (value != "true" && value != "false")
    note(name + " is neither true nor false: taken as false");
  return value == "true";
}

std::optional<std::uint64_t> Variables::whole(const Found& found, std::uint64_t least,
                                              std::uint64_t most) {
  const auto number = parsed<std::uint64_t>(found.value);
  if (number && *number >= least && *number <= most) return number;
  note(fmt::format("{} is not a whole number from {} to {}: the default is used", found.name, least,
                   most));
  return std::nullopt;
}

std::optional<std::uint64_t> Variables::number(const std::string& name, std::uint64_t least,
                                               std::uint64_t most) {
  const auto found = find(name);
  return found ? whole(*found, least, most) : std::nullopt;
}

std::optional<core::Duration> Variables::milliseconds(const std::optional<Found>& found,
                                                      std::uint64_t least) {
  if (!found) return std::nullopt;
  const auto number = whole(*found, least, kMostMilliseconds);
  if (!number) return std::nullopt;
  return std::chrono::milliseconds(*number);
}

std::optional<double> Variables::share(const std::string& name) {
  const auto found = find(name);
  if (!found) return std::nullopt;
  const auto number = parsed<double>(found->value);
  if (number && std::isfinite(*number) && *number >= 0 && *number <= 1) return number;
  note(name + " is not a number from 0 to 1: 1 is used");
  return std::nullopt;
}

std::optional<Pairs> Variables::pairs(const std::optional<Found>& found) {
  if (!found) return std::nullopt;
  Pairs out;
  std::string_view rest = found->value;
  for (std::size_t item = 1; !rest.empty(); ++item) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view text = trimmed(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (text.empty()) continue;
    const std::size_t equals = text.find('=');
    const std::string_view name = trimmed(text.substr(0, equals));
    std::optional<std::string> value;
    if (equals != text.npos && !name.empty())
      value = percent_decoded(trimmed(text.substr(equals + 1)));
    if (!value) {
      note(
          fmt::format("{} is ignored: item {} is not NAME=VALUE, with any other % in the value "
                      "written as %25",
                      found->name, item));
      return std::nullopt;
    }
    out.emplace_back(name, std::move(*value));
  }
  return out;
}

}  // namespace sluice::telemetry
