#include "queue/answer_lines.h"

#include <fmt/format.h>

#include <charconv>

#include "core/json.h"
#include "format/json_value.h"

namespace sluice::queue {

core::Result<Answer> AnswerLines::read(std::string_view line) {
  simdjson::dom::object object;
  if (format::parse_json(parser_, line, object) != simdjson::SUCCESS)
    return core::fail(core::ErrorCode::corrupt, "a line of the answers is not a JSON object",
                      name_of(target_.spec));
  Answer answer;
  simdjson::dom::element value;
  if (!target_.key.empty() && object[target_.key].get(value) == simdjson::SUCCESS) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS)
      answer.key = text;
    else
      format::append_member(answer.key, object, line, target_.key);
  }
  if (target_.only.empty()) {
    answer.text = line;
    return answer;
  }
  answer.text = "{";
  for (const std::string& name : target_.only) {
    if (answer.text.size() > 1) answer.text += ',';
    core::append_json_string(answer.text, name);
    answer.text += ':';
    format::append_member(answer.text, object, line, name);
  }
  answer.text += '}';
  return answer;
}

std::string stand_text(const format::Stand& stand) {
  return fmt::format("{} {}", stand.bytes, stand.digest.hex());
}

std::optional<format::Stand> read_stand(std::string_view text) {
  format::Stand stand;
  const std::size_t space = text.find(' ');
  if (space == text.npos || text.size() != space + 33) return std::nullopt;
  const auto number = [](std::string_view digits, std::uint64_t& value, int base) {
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    return end.ec == std::errc() && end.ptr == digits.data() + digits.size();
  };
  if (!number(text.substr(0, space), stand.bytes, 10) ||
      !number(text.substr(space + 1, 16), stand.digest.high, 16) ||
      !number(text.substr(space + 17), stand.digest.low, 16))
    return std::nullopt;
  return stand;
}

}  // namespace sluice::queue
