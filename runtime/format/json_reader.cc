// JSON that is not a line a row: a list of objects, at the top or inside of the document (`path`), or
// objects one after the other, in any layout. Here it is only cut: strings and brackets are heeded, the
// rest of each element is left to who parses the row, so that one bad element is one bad row. The
// document is never held, an element is. Commas are not counted.
//
// An element that stands on several lines loses the white space between its parts, since rows are
// written as lines elsewhere.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "core/printable.h"
#include "format/readers.h"

namespace sluice::format {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == ',';
}

// Follows one value from its first byte to its last, whatever pieces it comes in.
class ValueScan {
 public:
  void begin(char first) {
    depth_ = 0;
    in_string_ = escaped_ = false;
    scalar_ = first != '{' && first != '[' && first != '"';
  }
  // From `at` on; true when the value has ended, before `at` as it is then.
  bool scan(std::string_view bytes, std::size_t& at) {
    for (; at < bytes.size(); ++at) {
      const char c = bytes[at];
      if (in_string_) {
        if (escaped_) {
          escaped_ = false;
        } else if (c == '\\') {
          escaped_ = true;
        } else if (c == '"') {
          in_string_ = false;
          if (depth_ == 0) return ++at, true;
        }
        continue;
      }
      if (scalar_ && (is_blank(c) || c == ']' || c == '}')) return true;
      if (c == '"' && !scalar_) in_string_ = true;
      if (c == '{' || c == '[') ++depth_;
      if ((c == '}' || c == ']') && --depth_ == 0) return ++at, true;
    }
    return false;
  }
  bool scalar() const { return scalar_; }  // may end with the file

 private:
  int depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool scalar_ = false;
};

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    parts.emplace_back(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return parts;
}

class JsonReader final : public RecordReader {
 public:
  JsonReader(std::string_view inside, std::string path)
      : inside_(parts_of(inside)), path_(std::move(path)) {}

  core::Result<Progress> read(std::string_view bytes, bool at_end, const Take& take) override {
    while (at_ < bytes.size()) {
      if (scanning_) {
        const bool ended =
            scan_.scan(bytes, at_) || (at_end && at_ == bytes.size() && scan_.scalar());
        if (at_ - begin_ > limit()) return too_long(bytes);
        if (!ended) break;
        scanning_ = false;
        const std::string_view value = bytes.substr(begin_, at_ - begin_);
        if (what_ == What::row && !emit(bytes, value, take)) return Progress{at_, false};
        if (what_ == What::key) key_ = value.substr(1, value.size() - 2);
        continue;
      }
      if (is_blank(bytes[at_])) {
        ++at_;
        continue;
      }
      if (auto stepped = step(bytes); !stepped) return std::unexpected(stepped.error());
    }
    if (at_end) {
      if (scanning_ || state_ != State::top)
        return wrong(bytes, at_, "the file ends inside of a list or an object: it is cut off");
      return Progress{bytes.size(), true};
    }
    // What is passed over need not be kept.
    if (scanning_ && what_ == What::passed) begin_ = at_;
    const std::size_t used = scanning_ ? begin_ : at_;
    locate(bytes, used);
    at_ -= used;
    begin_ -= std::min(begin_, used);
    counted_ = 0;
    return Progress{used, true};
  }

  Description description() const override {
    if (!inside_.empty())
      return {.format = fmt::format("JSON, the list '{}'", fmt::join(inside_, ".")), .columns = {}};
    if (in_list_) return {.format = "JSON, a list", .columns = {}};
    if (rows_ != 1) return {.format = "JSON objects", .columns = {}};
    return {.format =
                "JSON, one object (where the rows are in a list inside of it, name that: path = "
                "\"data\")",
            .columns = {}};
  }

 private:
  enum class State : std::uint8_t { top, key, colon, member, element };
  enum class What : std::uint8_t { row, key, passed };

  std::size_t limit() const { return what_ == What::passed ? SIZE_MAX : core::kMaxRowBytes; }

  void begin(std::string_view bytes, What what) {
    what_ = what;
    scanning_ = true;
    begin_ = at_;
    scan_.begin(bytes[at_]);
    if (what == What::row) {
      locate(bytes, at_);
      row_line_ = line_;
      row_column_ = column_;
    }
    if (scan_.scalar()) ++at_;  // a bracket that closes nothing, too: it must not be met again
  }

  // At a byte that is not blank, with no value begun.
  core::Status step(std::string_view bytes) {
    const char c = bytes[at_];
    switch (state_) {
      case State::top:
        if (c == '[' && inside_.empty()) {
          ++at_;
          in_list_ = true;
          state_ = State::element;
        } else if (c == '{' && !inside_.empty()) {
          ++at_;
          level_ = 0;
          found_ = false;
          names_.clear();
          state_ = State::key;
        } else if (c == '{') {
          begin(bytes, What::row);
        } else {
          return wrong(bytes, at_,
                       inside_.empty()
                           ? "a list or an object must begin here"
                           : "an object must begin here, since path in s.read names a list in one");
        }
        return {};
      case State::element:
        if (c == ']') {
          ++at_;
          state_ = inside_.empty() ? State::top : State::key;
        } else {
          begin(bytes, What::row);
        }
        return {};
      case State::key:
        if (c == '"') {
          begin(bytes, What::key);
          state_ = State::colon;
          return {};
        }
        if (c == '}') return close(bytes);
        return wrong(bytes, at_, "a name in quotes must stand here");
      case State::colon:
        if (c != ':') return wrong(bytes, at_, "a ':' must stand here");
        ++at_;
        state_ = State::member;
        return {};
      case State::member:
        return member(bytes, c);
    }
    return {};
  }

  core::Status close(std::string_view bytes) {
    if (!found_) {
      constexpr std::size_t kMostShown = 20;
      if (names_.size() > kMostShown) {
        names_.resize(kMostShown);
        names_.emplace_back("…");
      }
      return wrong(
          bytes, at_,
          fmt::format("there is no '{}', as path in s.read says; what is there: {}",
                      fmt::join(inside_.begin(),
                                inside_.begin() + static_cast<std::ptrdiff_t>(level_) + 1, "."),
                      core::printable(fmt::format("{}", fmt::join(names_, ", ")))));
    }
    ++at_;
    if (level_ == 0) {
      state_ = State::top;
    } else {
      --level_;
    }
    return {};
  }

  core::Status member(std::string_view bytes, char c) {
    if (c == '}' || c == ']') return wrong(bytes, at_, "a value must stand here");
    const bool last = level_ + 1 == inside_.size();
    state_ = State::key;
    if (found_ || key_ != inside_[level_]) {
      if (!found_) names_.push_back(key_);
      begin(bytes, What::passed);
      return {};
    }
    if (c != (last ? '[' : '{')) {
      return wrong(bytes, at_,
                   fmt::format("'{}' of path in s.read is not {}", inside_[level_],
                               last ? "a list" : "an object"));
    }
    ++at_;
    if (last) {
      found_ = true;
      state_ = State::element;
    } else {
      ++level_;
      names_.clear();
    }
    return {};
  }

  bool emit(std::string_view bytes, std::string_view value, const Take& take) {
    ++rows_;
    locate(bytes, at_);
    Record record{.text = value, .line = row_line_, .column = row_column_};
    if (value.find_first_of("\r\n") == value.npos || on_one_line(value, record.text))
      return take(record);
    const core::Reject broken{core::Stage::read,
                              "not_json",
                              "a line break stands inside of a text or a name, where JSON has \\n",
                              {}};
    record.reject = &broken;
    return take(record);
  }

  // False: a line break is in a text, or what this is cannot be told.
  bool on_one_line(std::string_view value, std::string_view& line) {
    compact_.resize(value.size() + 64);  // as simdjson wants it
    std::size_t size = 0;
    if (simdjson::minify(value.data(), value.size(), compact_.data(), size) != simdjson::SUCCESS)
      return false;
    const auto compact = std::string_view(compact_).substr(0, size);
    if (compact.find_first_of("\r\n") != compact.npos) return false;
    line = compact;
    return true;
  }

  // Moves line_ and column_ to `to`.
  void locate(std::string_view bytes, std::size_t to) {
    const std::string_view passed = bytes.substr(counted_, to - counted_);
    line_ += static_cast<std::uint64_t>(std::ranges::count(passed, '\n'));
    const std::size_t last = passed.rfind('\n');
    column_ = last == passed.npos ? column_ + passed.size() : passed.size() - last;
    counted_ = to;
  }
  std::unexpected<core::Error> wrong(std::string_view bytes, std::size_t at, std::string what) {
    locate(bytes, std::max(at, counted_));
    return core::fail(core::ErrorCode::io, std::move(what),
                      fmt::format("{}:{}", place(path_, line_), column_));
  }
  std::unexpected<core::Error> too_long(std::string_view bytes) {
    return wrong(
        bytes, begin_,
        fmt::format("this row is longer than {} MiB, the most that one may have; where the "
                    "rows are in a list inside of it, name that: path = \"data\"",
                    core::kMaxRowBytes >> 20));
  }

  const std::vector<std::string> inside_;
  const std::string path_;
  State state_ = State::top;
  bool in_list_ = false;
  std::uint64_t rows_ = 0;
  // The value that has begun.
  ValueScan scan_;
  What what_ = What::row;
  bool scanning_ = false;
  // In the bytes that are handed over.
  std::size_t at_ = 0;
  std::size_t begin_ = 0;    // of the value
  std::size_t counted_ = 0;  // up to here line_ and column_ are known
  std::uint64_t line_ = 1;
  std::uint64_t column_ = 1;
  std::uint64_t row_line_ = 1;
  std::uint64_t row_column_ = 1;
  // On the way along inside_.
  std::size_t level_ = 0;
  bool found_ = false;
  std::string key_;
  std::vector<std::string> names_;  // that were met where inside_[level_] was looked for
  std::string compact_;
};

}  // namespace

std::unique_ptr<RecordReader> make_json_reader(const FormatOptions& options, std::string path) {
  return std::make_unique<JsonReader>(options.path, std::move(path));
}

}  // namespace sluice::format
