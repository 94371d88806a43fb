#include "wire/wire.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace sluice::wire {

std::string_view text_at(const Element& object, std::string_view key) {
  std::string_view text;
  if (object[key].get(text) != simdjson::SUCCESS) return {};
  return text;
}

std::optional<std::uint64_t> count_at(const Element& object, std::string_view key) {
  std::uint64_t count = 0;
  if (object[key].get(count) != simdjson::SUCCESS) return std::nullopt;
  return count;
}

bool flag_at(const Element& object, std::string_view key) {
  bool flag = false;
  return object[key].get(flag) == simdjson::SUCCESS && flag;
}

std::string text_of(const Element& content) {
  std::string_view text;
  if (content.get(text) == simdjson::SUCCESS) return std::string(text);
  std::string joined;
  simdjson::dom::array parts;
  if (content.get(parts) != simdjson::SUCCESS) return joined;
  for (const Element part : parts) joined += text_at(part, "text");
  return joined;
}

std::unexpected<Refusal> bad_request(std::string message, std::string field, std::string code) {
  Refusal refusal;
  refusal.message = std::move(message);
  refusal.field = std::move(field);
  refusal.code = std::move(code);
  return std::unexpected(std::move(refusal));
}

std::unexpected<Refusal> refuse(Why why, std::string message) {
  Refusal refusal;
  refusal.why = why;
  refusal.message = std::move(message);
  return std::unexpected(std::move(refusal));
}

bool is_object(std::string_view text) {
  simdjson::dom::parser parser;
  Element value;
  return parser.parse(text.data(), text.size()).get(value) == simdjson::SUCCESS &&
         value.is_object();
}

void append_event(std::string& out, std::string_view name, std::string_view data) {
  if (!name.empty()) {
    out += "event: ";
    out += name;
    out += '\n';
  }
  out += "data: ";
  out += data;
  out += "\n\n";
}

void write_numbers(core::JsonWriter& w, std::span<const float> numbers) {
  w.open('[');
  for (const float number : numbers) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    w.raw({digits, static_cast<std::size_t>(end - digits)});
  }
  w.close(']');
}

std::vector<std::string_view> pieces_of(std::string_view text) {
  constexpr std::size_t kPiece = 24;  // bytes at least
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    std::size_t end = std::min(kPiece, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    pieces.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return pieces;
}

}  // namespace sluice::wire
