#include "answer/salvage_scan.h"

#include <algorithm>

namespace sluice::answer {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}
bool is_decimal(char c) {
  return c >= '0' && c <= '9';
}
// Of numbers, of true, false and null, and of what some write instead of them.
bool is_word(char c) {
  return is_decimal(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '-' || c == '+' || c == '.';
}

// Takes `letter`, or its escape, off the front of `raw`.
bool take_letter(std::string_view& raw, char letter, std::string_view escape) {
  const std::size_t length = raw.starts_with(letter)   ? 1
                             : raw.starts_with(escape) ? escape.size()
                                                       : 0;
  raw.remove_prefix(length);
  return length != 0;
}

bool is_id_key(std::string_view raw) {
  return take_letter(raw, 'i', "\\u0069") && take_letter(raw, 'd', "\\u0064") && raw.empty();
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Scan run() {
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
    while (skip_prose()) read_value();
    return std::move(out_);
  }

 private:
  enum class Expect : std::uint8_t {
    first,      // a member or element, or the end
    next,       // the same, after a comma
    colon,      // after a key
    value,      // after a colon
    separator,  // a comma or the end
  };
  struct Frame {
    bool object = false;
    Expect expect = Expect::first;
    std::size_t node = ScanNode::kNone;        // none beyond kDeepest
    std::size_t last_child = ScanNode::kNone;  // when it stands right before, with nothing after it
    std::string_view key;

    bool wants_key() const { return object && (expect == Expect::first || expect == Expect::next); }
    bool wants_value() const {
      return object ? expect == Expect::value : expect == Expect::first || expect == Expect::next;
    }
  };

  // To the next opening bracket; false when there is none.
  bool skip_prose() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '{' || c == '[') return true;
      if (is_blank(c)) continue;
      out_.extra_text = true;
      if (c == '<') skip_echo();
    }
    return false;
  }

  // A row of the question, as runtime/provider/row_tags.h writes it, is nobody's answer, even if its
  // own text looks like one. When its end is missing, nobody knows where the answers begin.
  void skip_echo() {
    std::string_view tag = text_.substr(at_ + 1);
    if (!tag.starts_with("row")) return;
    std::size_t length = 3;
    if (tag.substr(length).starts_with('-')) ++length;
    while (length < tag.size() && is_decimal(tag[length])) ++length;
    tag = tag.substr(0, length);
    if (!text_.substr(at_ + 1 + length).starts_with(' ')) return;
    const std::string closing = "</" + std::string(tag) + ">";
    const std::size_t found = text_.find(closing, at_);
    at_ = (found == text_.npos ? text_.size() : found + closing.size()) - 1;
  }

  void read_value() {
    const std::size_t begin = at_;
    const std::size_t root = out_.nodes.size();
    json_like_ = false;
    open();
    while (!frames_.empty()) {
      while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
      if (at_ == text_.size()) {
        out_.truncated = true;
        frames_.clear();
        return;
      }
      if (!read_token()) return break_off();
    }
    // In quotes it is part of a sentence, or a string that ended too early.
    std::size_t after = at_;
    while (after < text_.size() && (text_[after] == ' ' || text_[after] == '\t')) ++after;
    const bool quoted =
        (begin > 0 && text_[begin - 1] == '"') || (after < text_.size() && text_[after] == '"');
    if (quoted) {
      for (std::size_t i = root; i < out_.nodes.size(); ++i) out_.nodes[i].doubtful = true;
    }
  }

  bool read_token() {
    Frame& top = frames_.back();
    switch (text_[at_]) {
      case '"':
        return read_string(top);
      case '{':
      case '[':
        // Between objects of a list a comma may be missing: where each ends is clear without it.
        if (!top.wants_value()) {
          const bool objects = !top.object && top.expect == Expect::separator &&
                               top.last_child != ScanNode::kNone &&
                               out_.nodes[top.last_child].object && text_[at_] == '{';
          if (!objects) return false;
          out_.extra_text = true;
        }
        open();
        return true;
      case '}':
      case ']':
        return close(top);
      case ',':
        if (top.expect != Expect::separator) return false;
        top.expect = Expect::next;
        top.last_child = ScanNode::kNone;
        comma_ = at_++;
        return true;
      case ':':
        if (top.expect != Expect::colon) return false;
        top.expect = Expect::value;
        ++at_;
        return true;
      default:
        return read_word(top);
    }
  }

  bool read_string(Frame& top) {
    if (!top.wants_key() && !top.wants_value()) return false;
    json_like_ = true;
    const std::size_t start = at_ + 1;
    std::size_t end = start;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) {
      at_ = text_.size();
      return true;
    }
    at_ = end + 1;
    if (!top.wants_key()) {
      end_scalar(top);
      return true;
    }
    top.key = text_.substr(start, end - start);
    top.expect = Expect::colon;
    if (top.node != ScanNode::kNone) {
      ++out_.nodes[top.node].parts;
      if (is_id_key(top.key)) ++out_.nodes[top.node].ids;
    }
    return true;
  }

  bool read_word(Frame& top) {
    std::size_t end = at_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    if (top.wants_key()) {
      // {id: "a1"} and {'id': 'a1'} are meant as JSON, {name} is not.
      while (end < text_.size() && is_blank(text_[end])) ++end;
      const bool meant = end < text_.size() && text_[end] == ':';
      json_like_ = json_like_ || meant || text_[at_] == '\'';
      return false;
    }
    if (end == at_ || !top.wants_value()) return false;
    at_ = end;
    end_scalar(top);
    return true;
  }

  void end_scalar(Frame& top) {
    if (!top.object && top.node != ScanNode::kNone) ++out_.nodes[top.node].parts;
    top.last_child = ScanNode::kNone;
    top.expect = Expect::separator;
  }

  void open() {
    Frame frame;
    frame.object = text_[at_] == '{';
    if (frames_.size() <= kDeepest) {
      frame.node = out_.nodes.size();
      ScanNode node;
      node.begin = at_;
      node.object = frame.object;
      if (!frames_.empty()) {
        const Frame& top = frames_.back();
        node.parent = top.node;
        if (top.object) {
          node.key = top.key;
        } else {
          ++out_.nodes[top.node].parts;
        }
      }
      out_.nodes.push_back(node);
    }
    frames_.push_back(frame);
    ++at_;
  }

  bool close(const Frame& top) {
    if (top.object != (text_[at_] == '}')) return false;
    if (top.expect == Expect::colon || top.expect == Expect::value) return false;
    if (top.expect == Expect::next) {
      out_.commas.push_back(comma_);
      out_.extra_text = true;
    }
    ++at_;
    const std::size_t node = top.node;
    if (node != ScanNode::kNone) out_.nodes[node].end = at_;
    frames_.pop_back();
    if (frames_.empty()) return true;
    frames_.back().last_child = node;
    frames_.back().expect = Expect::separator;
    return true;
  }

  void break_off() {
    out_.extra_text = true;
    // What stands right before the break may have been broken as well: a quote inside a string that
    // is not escaped ends the string, and perhaps the object, where it should not.
    const std::size_t before = frames_.back().last_child;
    if (before != ScanNode::kNone) out_.nodes[before].doubtful = true;
    frames_.clear();
    if (!json_like_) return;
    out_.damaged = true;
    if (at_ > 0 && text_[at_ - 1] == '\n') --at_;
    for (at_ = text_.find('\n', at_); at_ != text_.npos; at_ = text_.find('\n', at_)) {
      const std::string_view line = text_.substr(++at_);
      if (line.starts_with('{') || line.starts_with('[') || line.starts_with("```")) return;
    }
    at_ = text_.size();
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::size_t comma_ = 0;   // the latest
  bool json_like_ = false;  // the value being read is meant as JSON, and is no bracketed remark
  std::vector<Frame> frames_;
  Scan out_;
};

}  // namespace

Scan scan(std::string_view text) {
  return Scanner(text).run();
}

void append_clean(std::string& out, std::string_view text, const Scan& scan, std::size_t begin,
                  std::size_t end) {
  auto comma = std::lower_bound(scan.commas.begin(), scan.commas.end(), begin);
  for (; comma != scan.commas.end() && *comma < end; ++comma) {
    out += text.substr(begin, *comma - begin);
    begin = *comma + 1;
  }
  out += text.substr(begin, end - begin);
}

}  // namespace sluice::answer
