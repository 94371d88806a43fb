#include "shell/number_range.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <string>

namespace sluice::shell {
namespace {

CLI::Validator in_range(bool whole, double least, double most) {
  return CLI::Validator(
      [whole, least, most](const std::string& text) -> std::string {
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool read = error == std::errc() && end == text.data() + text.size();
        if (read && value >= least && value <= most &&
            (!whole || text.find_first_not_of("0123456789") == text.npos))
          return {};
        return fmt::format("{} {}, not '{}'", whole ? "takes a whole number" : "takes a number",
                           most < kMostWhole ? fmt::format("from {} to {}", least, most)
                                             : fmt::format("of at least {}", least),
                           text);
      },
      "");
}

}  // namespace

CLI::Validator whole_number(double least, double most) {
  return in_range(true, least, most);
}

CLI::Validator number(double least, double most) {
  return in_range(false, least, most);
}

}  // namespace sluice::shell
