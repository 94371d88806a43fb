#include "inspect/pretty_json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <vector>

#include "core/json.h"
#include "core/printable.h"
#include "format/json_value.h"

namespace sluice::inspect {
namespace {

constexpr std::size_t kNarrowest = 20;  // columns of text, however deep it stands
constexpr std::size_t kStep = 2;
// Longer JSON is shown as text, cut: to lay it out would take long, and nobody reads it.
constexpr std::size_t kMostLaidOut = 256 * 1024;

bool inside_character(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Where a line of at most `width` columns ends: behind a blank where there is one.
std::size_t line_length(std::string_view text, std::size_t width) {
  std::size_t end = 0;
  std::size_t blank = 0;
  for (std::size_t column = 0; end < text.size() && column < width; ++column) {
    ++end;
    while (inside_character(text, end)) ++end;
    if (text[end - 1] == ' ') blank = end;
  }
  if (end == text.size() || blank == 0) return end;
  return blank;
}

std::string cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return core::printable(text, core::Lines::kept);
  std::size_t end = most;
  while (end > 0 && inside_character(text, end)) --end;
  return core::printable(text.substr(0, end), core::Lines::kept) +
         fmt::format("… ({} bytes more)", text.size() - end);
}

void append_lines(std::string& out, std::string_view text, std::size_t indent, std::size_t width) {
  const std::size_t room = width > indent + kNarrowest ? width - indent : kNarrowest;
  for (;;) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    do {
      const std::size_t length = line_length(line, room);
      std::string_view part = line.substr(0, length);
      while (part.ends_with(' ')) part.remove_suffix(1);
      if (!part.empty()) out.append(indent, ' ').append(part);
      out += '\n';
      line.remove_prefix(length);
    } while (!line.empty());
    if (end == text.size()) return;
    text.remove_prefix(end + 1);
  }
}

class Writer {
 public:
  Writer(std::string& out, const PrettyOptions& options) : out_(out), options_(options) {}

  // `label`: what stands before the value on its line; `behind`: what follows it.
  void value(const simdjson::dom::element& value, std::size_t indent, const std::string& label,
             std::string_view behind) {
    std::string compact;
    format::append_json(compact, value);
    compact = core::printable(compact);
    out_.append(indent, ' ').append(label);
    simdjson::dom::object object;
    simdjson::dom::array array;
    std::string_view text;
    const bool is_text = value.get(text) == simdjson::SUCCESS;
    const bool fits =
        indent + columns(label) + columns(compact) + behind.size() <= options_.width &&
        !(is_text && text.find('\n') != text.npos);
    if (!fits && value.get(object) == simdjson::SUCCESS && object.size() > 0) {
      out_ += "{\n";
      std::size_t left = object.size();
      for (const auto& [name, member] : object) {
        std::string quoted;
        core::append_json_string(quoted, name);
        this->value(member, indent + kStep, core::printable(quoted) + ": ", --left > 0 ? "," : "");
      }
      out_.append(indent, ' ').append("}");
    } else if (!fits && value.get(array) == simdjson::SUCCESS && array.size() > 0) {
      out_ += "[\n";
      std::size_t left = array.size();
      for (const simdjson::dom::element element : array)
        this->value(element, indent + kStep, "", --left > 0 ? "," : "");
      out_.append(indent, ' ').append("]");
    } else if (!fits && is_text) {
      out_ += "\"\n";
      append_lines(out_, cut(text, options_.most_text), indent + kStep, options_.width);
      out_.append(indent, ' ').append("\"");
    } else {
      out_ += compact;
    }
    out_.append(behind).append("\n");
  }

 private:
  std::string& out_;
  const PrettyOptions& options_;
};

}  // namespace

std::string pretty_json(std::string_view json, const PrettyOptions& options) {
  simdjson::dom::parser parser;
  simdjson::dom::element value;
  if (json.size() > kMostLaidOut || format::parse_json(parser, json, value) != simdjson::SUCCESS)
    return pretty_text(json, options);
  std::string out;
  Writer(out, options).value(value, options.indent, "", "");
  return out;
}

std::string pretty_text(std::string_view text, const PrettyOptions& options) {
  std::string out;
  append_lines(out, cut(text, options.most_text), options.indent, options.width);
  return out;
}

std::string pretty_members(std::string_view members, const PrettyOptions& options) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  const std::string json = fmt::format("{{{}}}", members);
  if (format::parse_json(parser, json, object)) return pretty_text(members, options);
  std::size_t widest = 0;
  for (const auto& [name, value] : object)
    widest = std::max(widest, columns(core::printable(name)));
  std::string out;
  format::MemberTexts texts(json);
  for (const auto& [name, value] : object) {
    const std::string_view written = texts.next();
    std::string_view text;
    std::string shown;
    if (value.get(text) == simdjson::SUCCESS) {
      shown = text;
    } else {
      format::append_as_written(shown, value, written);
    }
    const std::string head = core::printable(name);
    const std::size_t indent = options.indent + widest + kStep;
    PrettyOptions beside = options;
    beside.indent = indent;
    std::string lines = pretty_text(shown, beside);
    if (lines.starts_with(std::string(indent, ' '))) lines.erase(0, indent);
    out.append(options.indent, ' ').append(head).append(widest - columns(head) + kStep, ' ');
    out += lines;
  }
  return out;
}

}  // namespace sluice::inspect
