#include "ask/argument_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/printable.h"

namespace sluice::ask {
namespace {

// What is shown of a long argument, on either side of the mistake, in bytes.
constexpr std::size_t kBefore = 48;
constexpr std::size_t kBehind = 24;

bool inside_character(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::unexpected<core::Error> argument_error(std::string_view option, std::string_view argument,
                                            std::size_t at, std::size_t length,
                                            std::string_view what, std::string_view hint) {
  std::size_t begin = at > kBefore ? at - kBefore : 0;
  while (inside_character(argument, begin)) --begin;
  std::size_t end = std::min(argument.size(), at + length + kBehind);
  while (inside_character(argument, end)) ++end;
  const std::string before =
      (begin > 0 ? "…" : "") + core::printable(argument.substr(begin, at - begin));
  const std::string wrong = core::printable(argument.substr(at, length));
  const std::string behind = core::printable(argument.substr(at + length, end - at - length)) +
                             (end < argument.size() ? "…" : "");
  return core::fail(core::ErrorCode::usage,
                    fmt::format("{}: {}\n    {}{}{}\n    {}{}{}{}", option, what, before, wrong,
                                behind, std::string(characters(before), ' '),
                                std::string(std::max<std::size_t>(1, characters(wrong)), '^'),
                                hint.empty() ? "" : " ", hint));
}

}  // namespace sluice::ask
