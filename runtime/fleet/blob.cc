#include "fleet/blob.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace sluice::fleet {
namespace {

constexpr std::string_view kHead = "sluice-pool";
constexpr std::string_view kVersion = "1";
constexpr std::string_view kNone = "-";
constexpr std::string_view kDigits = "0123456789abcdef";

class Writer {
 public:
  Writer& word(std::string_view text) {
    if (!out_.empty() && out_.back() != '\n') out_ += ' ';
    out_ += text;
    return *this;
  }
  Writer& text(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte <= ' ' || byte == '%' || byte == '-' || byte >= 0x7F) {
        escaped += '%';
        escaped += kDigits[byte >> 4];
        escaped += kDigits[byte & 15];
      } else {
        escaped += c;
      }
    }
    return word(escaped.empty() ? kNone : escaped);
  }
  template <class Number>
  Writer& number(Number value) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    return word({digits, static_cast<std::size_t>(end - digits)});
  }
  Writer& flag(bool value) { return word(value ? "1" : "0"); }
  Writer& time(Ms value) { return number(value.count()); }
  void line() { out_ += '\n'; }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// Words of one line after the other. Once something is wrong, all that follows is too.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  // The first word of the next line; empty at the end.
  std::string_view line() {
    if (!line_.empty()) wrong_ = true;  // words are left
    const std::size_t end = rest_.find('\n');
    if (end == rest_.npos) {
      wrong_ = wrong_ || !rest_.empty();
      return {};
    }
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return word();
  }
  std::string_view word() {
    const std::string_view one = line_.substr(0, line_.find(' '));
    line_.remove_prefix(std::min(line_.size(), one.size() + 1));
    if (one.empty()) wrong_ = true;
    return one;
  }
  void text(std::string& to) {
    const std::string_view one = word();
    to.clear();
    if (one == kNone) return;
    for (std::size_t i = 0; i < one.size(); ++i) {
      if (one[i] != '%') {
        to += one[i];
        continue;
      }
      const std::size_t high = i + 2 < one.size() ? kDigits.find(one[i + 1]) : kDigits.npos;
      const std::size_t low = i + 2 < one.size() ? kDigits.find(one[i + 2]) : kDigits.npos;
      if (high == kDigits.npos || low == kDigits.npos) {
        wrong_ = true;
        return;
      }
      to += static_cast<char>(high << 4 | low);
      i += 2;
    }
  }
  template <class Number>
  void number(Number& to) {
    const std::string_view one = word();
    const auto read = std::from_chars(one.data(), one.data() + one.size(), to);
    if (read.ec != std::errc() || read.ptr != one.data() + one.size()) wrong_ = true;
  }
  // Amounts are never negative, nor not a number.
  void amount(double& to) {
    number(to);
    if (!(to >= 0)) wrong_ = true;
  }
  void flag(bool& to) {
    const std::string_view one = word();
    to = one == "1";
    if (one != "1" && one != "0") wrong_ = true;
  }
  void time(Ms& to) {
    Ms::rep count = 0;
    number(count);
    to = Ms(count);
  }
  void fail() { wrong_ = true; }
  bool wrong() const { return wrong_; }
  bool at_end() const { return rest_.empty() && line_.empty(); }

 private:
  std::string_view rest_;
  std::string_view line_;
  bool wrong_ = false;
};

void write_limit(Writer& w, const Limit& limit) {
  w.word("limit").text(limit.name).number(static_cast<int>(limit.kind)).number(limit.cap);
  w.flag(limit.known).flag(limit.brought).time(limit.cut_at).time(limit.raised_at);
  w.text(limit.prober)
      .time(limit.prober_until)
      .number(limit.flow)
      .number(limit.level)
      .time(limit.level_at)
      .line();
}

void write_share(Writer& w, const Share& share) {
  w.word("share").number(share.wants).number(share.grant).number(share.held).number(share.need);
  w.number(share.ceiling).number(share.idle);
  if (share.stated) {
    w.number(*share.stated);
  } else {
    w.word(kNone);
  }
  w.time(share.since).flag(share.waiting).flag(share.turns).line();
}

Limit read_limit(Reader& r) {
  Limit limit;
  int kind = 0;
  r.text(limit.name);
  r.number(kind);
  if (kind != static_cast<int>(Kind::rate) && kind != static_cast<int>(Kind::slots)) r.fail();
  limit.kind = static_cast<Kind>(kind);
  r.amount(limit.cap);
  r.flag(limit.known);
  r.flag(limit.brought);
  r.time(limit.cut_at);
  r.time(limit.raised_at);
  r.text(limit.prober);
  r.time(limit.prober_until);
  r.amount(limit.flow);
  r.amount(limit.level);
  r.time(limit.level_at);
  return limit;
}

Share read_share(Reader& r) {
  Share share;
  r.amount(share.wants);
  r.amount(share.grant);
  r.amount(share.held);
  r.amount(share.need);
  r.amount(share.ceiling);
  r.number(share.idle);
  std::string stated;
  r.text(stated);
  if (!stated.empty()) {
    double value = 0;
    const auto read = std::from_chars(stated.data(), stated.data() + stated.size(), value);
    if (read.ec != std::errc() || read.ptr != stated.data() + stated.size() || !(value >= 0))
      r.fail();
    share.stated = value;
  }
  r.time(share.since);
  r.flag(share.waiting);
  r.flag(share.turns);
  return share;
}

Holder read_member(Reader& r) {
  Holder member;
  r.text(member.id);
  r.number(member.call);
  r.time(member.seen);
  r.time(member.until);
  r.amount(member.weight);
  return member;
}

void read_head(Reader& r, PoolState& state) {
  if (r.word() != kVersion) r.fail();
  Ms clock{0};
  r.text(state.pool);
  r.number(state.epoch);
  r.time(clock);
  state.clock = StoreTime(clock);
  r.time(state.at);
  r.time(state.learning_since);
  r.time(state.learning_until);
  r.time(state.pause_until);
  r.time(state.breaker.open_until);
  r.text(state.breaker.prober);
  r.time(state.breaker.prober_until);
}

}  // namespace

std::string encode(const PoolState& state) {
  Writer w;
  w.word(kHead)
      .word(kVersion)
      .text(state.pool)
      .number(state.epoch)
      .time(state.clock.time_since_epoch());
  w.time(state.at).time(state.learning_since).time(state.learning_until).time(state.pause_until);
  w.time(state.breaker.open_until)
      .text(state.breaker.prober)
      .time(state.breaker.prober_until)
      .line();
  for (const Limit& limit : state.limits) write_limit(w, limit);
  for (const Holder& member : state.members) {
    w.word("member").text(member.id).number(member.call).time(member.seen).time(member.until);
    w.number(member.weight).line();
    for (const Share& share : member.shares) write_share(w, share);
  }
  return w.take();
}

core::Result<PoolState> decode(std::string_view text, std::string_view pool) {
  PoolState state;
  state.pool = pool;
  if (text.empty()) return state;
  Reader r(text);
  if (r.line() != kHead) r.fail();
  if (!r.wrong()) read_head(r, state);
  while (!r.wrong() && !r.at_end()) {
    const std::string_view what = r.line();
    if (what == "limit" && state.members.empty()) {
      state.limits.push_back(read_limit(r));
    } else if (what == "member") {
      state.members.push_back(read_member(r));
    } else if (what == "share" && !state.members.empty() &&
               state.members.back().shares.size() < state.limits.size()) {
      state.members.back().shares.push_back(read_share(r));
    } else {
      r.fail();
    }
  }
  const bool sorted =
      std::ranges::adjacent_find(state.members, [](const Holder& a, const Holder& b) {
        return a.id >= b.id;
      }) == state.members.end();
  if (r.wrong() || state.pool != pool || !sorted)
    return core::fail(core::ErrorCode::corrupt,
                      "what the store has of the shared quota " + std::string(pool) +
                          " is not this program's, or of another version of it");
  return state;
}

}  // namespace sluice::fleet
