#include "provider/row_tags.h"

#include <algorithm>
#include <charconv>

namespace sluice::provider {
namespace {

constexpr std::string_view kTag = "row";
constexpr std::size_t kMaxDigits = 9;  // a pack would need 10^9 forged tags to use more

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char lower_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool starts_with_tag(std::string_view text) {
  return text.size() >= kTag.size() &&
         std::equal(kTag.begin(), kTag.end(), text.begin(),
                    [](char a, char b) { return a == lower_ascii(b); });
}

// Notes what stands in `text` after "<row" or "</row". `plain` becomes true when there is any; for
// "<row-12…" the numbers 1 and 12 go to `taken`, since both "<row-1" and "<row-12" occur.
void find_taken(std::string_view text, bool& plain, std::vector<std::uint32_t>& taken) {
  for (std::size_t at = text.find('<'); at != text.npos; at = text.find('<', at + 1)) {
    std::string_view rest = text.substr(at + 1);
    if (rest.starts_with('/')) rest.remove_prefix(1);
    if (!starts_with_tag(rest)) continue;
    plain = true;
    rest.remove_prefix(kTag.size());
    if (!rest.starts_with('-')) continue;
    rest.remove_prefix(1);
    if (rest.starts_with('0')) continue;  // our numbers have no leading zero
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < std::min(rest.size(), kMaxDigits) && is_digit(rest[i]); ++i) {
      number = number * 10 + static_cast<std::uint32_t>(rest[i] - '0');
      taken.push_back(number);
    }
  }
}

// One pass over the rows, whatever they hold: rows that forge a thousand tags cost no more.
std::string choose_tag(std::span<const FramedRow> rows) {
  bool plain = false;
  std::vector<std::uint32_t> taken;
  for (const FramedRow& row : rows) find_taken(row.text, plain, taken);
  if (!plain) return std::string(kTag);
  std::sort(taken.begin(), taken.end());
  std::uint32_t number = 1;
  for (const std::uint32_t t : taken) {
    if (t == number) ++number;
  }
  return std::string(kTag) + '-' + std::to_string(number);
}

// Takes `expected` off the front of `text`; false when it does not stand there.
bool take_prefix(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

// The length of "row" or "row-N" at the start of `text`, 0 when there is neither.
std::size_t tag_length(std::string_view text) {
  if (!text.starts_with(kTag)) return 0;
  std::size_t end = kTag.size();
  if (end < text.size() && text[end] == '-') {
    ++end;
    while (end < text.size() && is_digit(text[end])) ++end;
  }
  return end;
}

}  // namespace

void append_framed(std::string& out, std::span<const FramedRow> rows) {
  const std::string tag = choose_tag(rows);
  std::size_t size = out.size();
  for (const FramedRow& row : rows) size += row.text.size() + row.id.size() + 2 * tag.size() + 14;
  out.reserve(size);
  for (const FramedRow& row : rows) {
    out.append("<").append(tag).append(" id=\"").append(row.id).append("\">\n");
    out.append(row.text).append("\n</").append(tag).append(">\n");
  }
}

std::vector<FramedRow> read_framed(std::string_view message) {
  std::vector<FramedRow> rows;
  if (!message.starts_with('<')) return rows;
  const std::string_view tag = message.substr(1, tag_length(message.substr(1)));
  if (tag.empty()) return rows;
  const std::string open = '<' + std::string(tag) + " id=\"";
  const std::string close = "\n</" + std::string(tag) + ">\n";

  while (!message.empty()) {
    if (!take_prefix(message, open)) return {};
    const std::size_t id_end = message.find('"');
    if (id_end == message.npos) return {};
    const std::string_view id = message.substr(0, id_end);
    message.remove_prefix(id_end);
    // The line end before an empty text is also the one before its closing tag's line.
    if (!take_prefix(message, "\">\n")) return {};
    const std::size_t text_end = message.find(close);
    if (text_end == message.npos) return {};
    rows.push_back({id, message.substr(0, text_end)});
    message.remove_prefix(text_end + close.size());
  }
  return rows;
}

}  // namespace sluice::provider
