#include "wire/multipart.h"

#include <algorithm>
#include <cctype>

namespace sluice::wire {
namespace {

constexpr std::string_view kLine = "\r\n";

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The value of a parameter, as name in `form-data; name="file"`.
std::string parameter(std::string_view value, std::string_view name) {
  std::size_t at = value.find(';');
  while (at != value.npos) {
    std::string_view rest = trimmed(value.substr(at + 1));
    const std::size_t equal = rest.find('=');
    if (equal == rest.npos) return {};
    const bool wanted = same_word(trimmed(rest.substr(0, equal)), name);
    rest.remove_prefix(equal + 1);
    std::string text;
    std::size_t end = 0;
    if (rest.starts_with('"')) {
      for (end = 1; end < rest.size() && rest[end] != '"'; ++end) {
        if (rest[end] == '\\' && end + 1 < rest.size()) ++end;
        text += rest[end];
      }
    } else {
      end = std::min(rest.find(';'), rest.size());
      text = trimmed(rest.substr(0, end));
    }
    if (wanted) return text;
    const std::size_t next = rest.find(';', end);
    at = next == rest.npos ? value.npos
                           : static_cast<std::size_t>(rest.data() + next - value.data());
  }
  return {};
}

void read_head(std::string_view head, FormPart& part) {
  while (!head.empty()) {
    const std::size_t end = std::min(head.find(kLine), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + kLine.size(), head.size()));
    const std::size_t colon = line.find(':');
    if (colon == line.npos) continue;
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (same_word(line.substr(0, colon), "content-disposition")) {
      part.name = parameter(value, "name");
      part.file = parameter(value, "filename");
    }
    if (same_word(line.substr(0, colon), "content-type")) part.media = value;
  }
}

}  // namespace

std::optional<std::vector<FormPart>> form_parts(std::string_view content_type,
                                                std::string_view body) {
  constexpr std::string_view kForm = "multipart/form-data";
  if (!same_word(trimmed(content_type.substr(0, content_type.find(';'))), kForm))
    return std::nullopt;
  const std::string boundary = parameter(content_type, "boundary");
  if (boundary.empty()) return std::nullopt;
  const std::string between = "\r\n--" + boundary;
  std::vector<FormPart> parts;
  if (!body.starts_with(between.substr(2))) return std::nullopt;
  body.remove_prefix(between.size() - 2);
  while (!body.starts_with("--")) {
    const std::size_t head_end = body.find("\r\n\r\n");
    if (!body.starts_with(kLine) || head_end == body.npos) return std::nullopt;
    FormPart part;
    read_head(body.substr(2, std::max<std::size_t>(head_end, 2) - 2), part);
    body.remove_prefix(head_end + 4);
    const std::size_t end = body.find(between);
    if (end == body.npos) return std::nullopt;
    part.bytes = body.substr(0, end);
    body.remove_prefix(end + between.size());
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace sluice::wire
