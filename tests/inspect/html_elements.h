// HTML as strict as sluice writes it, taken apart for tests: every element is closed in its order (but
// meta and link), every attribute's value stands in double quotes, '<' and '&' in text are escaped.
#pragma once

#include <cctype>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::inspect {

struct Element {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::string text;  // of its own, unescaped; of script and style as it stands
};

struct ParsedHtml {
  std::string wrong;  // the first thing that is not so, with what follows; empty: nothing
  std::vector<Element> elements;

  std::vector<Element> named(std::string_view name) const {
    std::vector<Element> some;
    for (const Element& one : elements)
      if (one.name == name) some.push_back(one);
    return some;
  }
  // Each element's own on a line, where it has any.
  std::string all_text() const {
    std::string text;
    for (const Element& one : elements)
      if (one.name != "script" && one.name != "style" &&
          one.text.find_first_not_of(" \n") != std::string::npos)
        text += one.text + "\n";
    return text;
  }
};

inline std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text[0] == '<' || text[0] == '>') return std::nullopt;
    if (text[0] != '&') {
      out += text[0];
      text.remove_prefix(1);
      continue;
    }
    constexpr std::pair<std::string_view, char> kNames[] = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};
    bool known = false;
    for (const auto& [name, c] : kNames) {
      if (!text.starts_with(name)) continue;
      out += c;
      text.remove_prefix(name.size());
      known = true;
      break;
    }
    if (!known) return std::nullopt;
  }
  return out;
}

class HtmlParser {
 public:
  explicit HtmlParser(std::string_view html) : rest_(html) {}

  ParsedHtml parse() {
    if (!take("<!doctype html>")) fail("no doctype");
    while (!rest_.empty() && parsed_.wrong.empty()) next();
    if (parsed_.wrong.empty() && !open_.empty()) fail("not closed: " + top().name);
    return std::move(parsed_);
  }

 private:
  Element& top() { return parsed_.elements[open_.back()]; }
  void fail(const std::string& what) {
    if (parsed_.wrong.empty())
      parsed_.wrong = what + " before: " + std::string(rest_.substr(0, 80));
  }
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  std::string_view until(std::string_view end) {
    const auto at = rest_.find(end);
    if (at == rest_.npos) {
      fail("no " + std::string(end));
      return {};
    }
    const std::string_view found = rest_.substr(0, at);
    rest_.remove_prefix(at + end.size());
    return found;
  }
  std::string name() {
    std::string name;
    while (!rest_.empty() &&
           (std::isalnum(static_cast<unsigned char>(rest_[0])) || rest_[0] == '-')) {
      name += rest_[0];
      rest_.remove_prefix(1);
    }
    if (name.empty()) fail("no name");
    return name;
  }

  void next() {
    if (take("<!--")) {
      until("-->");
    } else if (take("</")) {
      const std::string closed = name();
      if (!take(">")) fail("a closing tag that goes on");
      if (open_.empty() || top().name != closed) return fail("closes " + closed);
      open_.pop_back();
    } else if (take("<")) {
      element();
    } else {
      const std::string_view text = rest_.substr(0, rest_.find('<'));
      const auto plain = unescaped(text);
      if (!plain) return fail("text that is not escaped");
      if (!open_.empty()) top().text += *plain;
      rest_.remove_prefix(text.size());
    }
  }

  void element() {
    Element one{.name = name(), .attributes = {}, .text = {}};
    while (take(" ")) {
      const std::string attribute = name();
      if (!take("=\"")) return fail("an attribute without a quoted value");
      const auto value = unescaped(until("\""));
      if (!value) return fail("an attribute that is not escaped");
      one.attributes[attribute] = *value;
    }
    if (!take(">")) return fail("a tag that does not end");
    const bool raw = one.name == "script" || one.name == "style";
    const bool empty = one.name == "meta" || one.name == "link";
    if (raw) one.text = until("</" + one.name + ">");
    parsed_.elements.push_back(std::move(one));
    if (!raw && !empty) open_.push_back(parsed_.elements.size() - 1);
  }

  std::string_view rest_;
  ParsedHtml parsed_;
  std::vector<std::size_t> open_;
};

inline ParsedHtml parse_html(std::string_view html) {
  return HtmlParser(html).parse();
}

}  // namespace sluice::inspect
