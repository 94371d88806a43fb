#include "parked/collect.h"

#include <algorithm>
#include <charconv>

#include "provider/attempt_cost.h"
#include "provider/exchange.h"

namespace sluice::parked {
namespace {

constexpr std::size_t kReadAtOnce = std::size_t{1} << 20;
// A line of results that is longer than this is not one.
constexpr std::size_t kMostLine = std::size_t{256} << 20;

class Reader {
 public:
  Reader(const Collecting& of, Collected& out) : of_(of), out_(out) {
    out_.places.resize(of.batch.lines);
    out_.settlements.resize(of.batch.lines);
    settled_.resize(of.batch.lines);
    const auto lines = std::max<std::uint32_t>(1, of.batch.lines);
    worst_ = {.usage = {.input = of.batch.worst_usage.input / lines,
                        .output = of.batch.worst_usage.output / lines},
              .cost = core::Money::picodollars(of.batch.worst_cost.picodollars() / lines)};
  }

  void line(std::string_view text, std::uint64_t offset) {
    if (text.find_first_not_of(" \t\r") == text.npos) return;
    const auto read = of_.api.line(text);
    const std::int64_t number = read ? line_of(read->custom_id, of_.batch) : -1;
    if (number < 0) {
      ++out_.foreign;
      return;
    }
    const auto at = static_cast<std::size_t>(number);
    using Kind = provider::BatchLine::Kind;
    const bool reply = read->kind == Kind::reply;
    if (settled_[at] != Settled::no) ++out_.doubled;
    if (settled_[at] == Settled::reply || (settled_[at] != Settled::no && !reply)) return;
    settled_[at] = reply                         ? Settled::reply
                   : read->kind == Kind::not_run ? Settled::not_run
                                                 : Settled::failed;
    if (reply && read->status < 300) ++came_;
    out_.places[at] = {offset, text.size()};
    out_.settlements[at] = reply ? settle(*read) : unanswered(provider::Billing::none);
  }

  // Those that have no result.
  void rest() {
    const auto none = static_cast<std::uint64_t>(std::ranges::count(settled_, Settled::no));
    std::uint64_t missing = of_.batch.done > came_ ? of_.batch.done - came_ : 0;
    if (of_.never_ended) missing = std::max(missing, none);
    for (const Settled kind : {Settled::no, Settled::failed}) {
      for (std::size_t at = 0; at < settled_.size(); ++at) {
        if (settled_[at] != kind) continue;
        out_.settlements[at] =
            unanswered(missing > 0 ? provider::Billing::possible : provider::Billing::none);
        if (missing > 0) --missing;
      }
    }
    for (const store::Settlement& settlement : out_.settlements) {
      out_.cost += settlement.cost;
      if (settlement.answered) ++out_.answered;
    }
  }

 private:
  enum class Settled : std::uint8_t { no, not_run, failed, reply };

  store::Settlement settle(const provider::BatchLine& line) const {
    provider::Reply reply = read_reply(of_.codec, line, of_.now);
    provider::hold_against(reply.outcome,
                           {.sent = of_.batch.bytes,
                            .prompt = 0,
                            .words = provider::word_bytes(reply.text),
                            .reply = line.body.size(),
                            .max_output_tokens = of_.codec.output_cap()},
                           of_.price, worst_.cost);
    const provider::AttemptCost cost = provider::attempt_cost(reply.outcome, of_.price, worst_);
    return {.attempt = 0,
            .endpoint = of_.batch.endpoint,
            .answered = reply.outcome.action == provider::Action::none,
            .billing = cost.billing,
            .usage = cost.usage,
            .cost = cost.cost,
            .estimate = cost.estimate,
            .charged = cost.charged};
  }
  store::Settlement unanswered(provider::Billing billing) const {
    const bool possible = billing == provider::Billing::possible;
    return {.attempt = 0,
            .endpoint = of_.batch.endpoint,
            .answered = false,
            .billing = billing,
            .usage = possible ? worst_.usage : provider::Usage(),
            .cost = possible ? worst_.cost : core::Money()};
  }

  const Collecting& of_;
  Collected& out_;
  std::vector<Settled> settled_;
  std::uint64_t came_ = 0;  // replies of lines that the provider counts as done
  provider::WorstCase worst_;
};

}  // namespace

std::int64_t line_of(std::string_view custom_id, const store::BatchRecord& batch) {
  if (!custom_id.starts_with(batch.nonce)) return -1;
  custom_id.remove_prefix(batch.nonce.size());
  if (!custom_id.starts_with('-')) return -1;
  custom_id.remove_prefix(1);
  std::uint32_t number = 0;
  const char* const end = custom_id.data() + custom_id.size();
  const auto [stop, error] = std::from_chars(custom_id.data(), end, number);
  if (error != std::errc() || stop != end || number >= batch.lines) return -1;
  return number;
}

provider::Reply read_reply(const provider::Codec& codec, const provider::BatchLine& line,
                           core::WallTime now) {
  provider::Reply reply = codec.read(line.status, {}, line.body, now);
  reply.outcome.tier = provider::Tier::asked;  // whatever the reply names: it is a batch's
  return reply;
}

core::Result<Collected> collect(const Collecting& of, const std::string& replies) {
  Collected out;
  Reader reader(of, out);
  const auto file = InFile::open(replies);
  if (!file) return std::unexpected(file.error());
  std::string held;  // the beginning of a line that goes on
  std::uint64_t at = 0;
  while (at < file->size()) {
    auto piece = file->piece(at, kReadAtOnce);
    if (!piece) return std::unexpected(piece.error());
    std::uint64_t line_at = at - held.size();
    at += piece->size();
    std::string_view rest = *piece;
    for (std::size_t end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
      if (held.empty()) {
        reader.line(rest.substr(0, end), line_at);
      } else {
        held += rest.substr(0, end);
        reader.line(held, line_at);
      }
      line_at += (held.empty() ? end : held.size()) + 1;
      held.clear();
      rest.remove_prefix(end + 1);
    }
    held += rest;
    if (held.size() > kMostLine)
      return core::fail(core::ErrorCode::io, "a line of the results is longer than 256 MiB");
  }
  if (!held.empty()) reader.line(held, at - held.size());
  reader.rest();
  return out;
}

}  // namespace sluice::parked
