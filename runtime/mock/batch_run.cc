#include "mock/batch_run.h"

#include <fmt/format.h>

#include <unordered_set>
#include <utility>

#include "core/hash.h"
#include "mock/compose.h"
#include "mock/draws.h"
#include "mock/fault.h"
#include "simulate/random.h"

namespace sluice::mock {
namespace {

using simulate::mix;
using simulate::unit;
using wire::LineResult;

// By the line's place among those that are not blank.
std::uint64_t line_draws(std::uint64_t batch, std::uint64_t place) {
  return mix(mix(batch, kBatchLineDraw), place);
}

// The server's own error in place of an answer.
bool fails(const BatchPlan& plan, const BatchFaults& faults, std::uint64_t line) {
  return plan.all_fail || unit(mix(line, kBatchLineErrorDraw)) < faults.line_error;
}

enum class LineFault : std::uint8_t { none, drop, twice, foreign, null_response };

LineFault draw_line_fault(const BatchFaults& f, std::uint64_t draws) {
  using Share = std::pair<double, LineFault>;
  double at = unit(mix(draws, kBatchOrderDraw));
  for (const auto& [share, fault] :
       {Share{f.drop_line, LineFault::drop}, Share{f.double_line, LineFault::twice},
        Share{f.foreign_line, LineFault::foreign},
        Share{f.null_response, LineFault::null_response}}) {
    if (at < share) return fault;
    at -= share;
  }
  return LineFault::none;
}

// Lines on their way into a blob: a large write now and then, and in another order if wanted.
class LineWriter {
 public:
  LineWriter(Blob& blob, bool shuffle, std::uint64_t draws)
      : blob_(blob), shuffle_(shuffle), random_(draws) {}

  core::Status add(std::string line) {
    line += '\n';
    if (!shuffle_) return put(line);
    held_.push_back(std::move(line));
    return held_.size() < BatchRun::kShuffled ? core::Status() : release();
  }
  core::Status finish() {
    while (!held_.empty()) {
      if (auto put = release(); !put) return put;
    }
    return blob_.append(buffer_);
  }

 private:
  core::Status release() {
    std::swap(held_[random_.below(held_.size())], held_.back());
    const std::string line = std::move(held_.back());
    held_.pop_back();
    return put(line);
  }
  core::Status put(std::string_view line) {
    constexpr std::size_t kWrite = 1 << 20;
    buffer_ += line;
    if (buffer_.size() < kWrite) return {};
    auto written = blob_.append(buffer_);
    buffer_.clear();
    return written;
  }

  Blob& blob_;
  bool shuffle_;
  simulate::Random random_;
  std::vector<std::string> held_;
  std::string buffer_;
};

std::expected<wire::BatchLine, wire::BatchMistake> read_line(simdjson::dom::parser& parser,
                                                             const wire::BatchApi& api,
                                                             const wire::BatchOrder& order,
                                                             std::string_view text) {
  wire::Element line;
  if (parser.parse(text.data(), text.size()).get(line) != simdjson::SUCCESS) {
    return std::unexpected(wire::BatchMistake{
        "invalid_json_line", "This line is not parseable as valid JSON.", 0, {}});
  }
  return api.line(line, order);
}

}  // namespace

wire::BatchCounts lines_done(const BatchRun::Scan& scan, const BatchPlan& plan,
                             const BatchFaults& faults, std::uint64_t draws, double done) {
  wire::BatchCounts counts;
  counts.total = scan.lines;
  if (done <= 0) return counts;
  for (std::uint64_t place = 0; place < scan.lines; ++place) {
    const std::uint64_t line = line_draws(draws, place);
    if (!line_done(line, done)) continue;
    ++(fails(plan, faults, line) || scan.refused[place] ? counts.failed : counts.succeeded);
  }
  return counts;
}

core::Result<BatchRun::Scan> BatchRun::scan(const wire::BatchApi& api,
                                            const wire::BatchOrder& order, const Blob& input) {
  Scan scan;
  scan.model = order.model;
  std::unordered_set<std::uint64_t> ids;
  simdjson::dom::parser parser;
  const auto mistaken = [&](wire::BatchMistake mistake, std::uint64_t number) {
    mistake.line = number;
    if (scan.mistakes.size() < kMostMistakes) scan.mistakes.push_back(std::move(mistake));
  };
  const auto looked = input.each_line([&](std::string_view text, std::uint64_t number) {
    ++scan.lines;
    scan.refused.push_back(true);
    auto line = read_line(parser, api, order, text);
    if (!line) {
      mistaken(std::move(line.error()), number);
      return true;
    }
    if (scan.lines == 1) scan.label = line->id.substr(0, line->id.find_first_of(".-"));
    if (!line->id.empty() && !ids.insert(core::hash128(line->id).low).second) {
      mistaken({"duplicate_custom_id",
                fmt::format("The custom_id for this request is a duplicate of another request: {}.",
                            line->id),
                0, "custom_id"},
               number);
    }
    const auto found = reader_.find(line->request);
    if (!found) return true;
    const auto asked = wire::Reader::read(*found, line->request);
    if (!asked) return true;
    scan.refused.back() = line->refusal.has_value();
    scan.tokens += asked->prompt_tokens;
    if (scan.model.empty()) scan.model = asked->model;
    return true;
  });
  if (!looked) return std::unexpected(looked.error());
  if (scan.lines > 0 && scan.lines < api.least_lines) {
    scan.mistakes.push_back({"too_few_requests",
                             fmt::format("A batch holds {} requests at least, and {} came.",
                                         api.least_lines, scan.lines),
                             0,
                             {}});
  }
  if (scan.lines == 0)
    scan.mistakes.push_back({"empty_file", "The input holds no requests.", 0, {}});
  if (api.most_lines > 0 && scan.lines > api.most_lines) {
    scan.mistakes.push_back(
        {"maximum_requests_exceeded",
         fmt::format("A batch holds {} requests at most, and {} came.", api.most_lines, scan.lines),
         0,
         {}});
  }
  return scan;
}

BatchRun::Reply BatchRun::answer(const Task& task, const wire::BatchLine& line, std::uint64_t draws,
                                 Results& results) {
  const auto refused = [&](wire::Refusal refusal, const wire::Service& service) {
    refusal.id = mix(draws, kIdDraw);
    http::ServerResponse response = service.refuse(refusal);
    return Reply{response.status, std::move(response.body)};
  };
  if (fails(task.plan, options_.batch.faults, draws)) {
    wire::Refusal refusal;
    refusal.why = wire::Why::server_error;
    return refused(std::move(refusal), task.api.service);
  }
  if (line.refusal) return refused(*line.refusal, task.api.service);
  const auto found = reader_.find(line.request);
  if (!found) return refused(found.error().refusal, *found.error().service);
  const wire::Service& service = found->wire->service;
  const auto asked = wire::Reader::read(*found, line.request);
  if (!asked) return refused(asked.error(), service);
  const std::shared_ptr<const AnswerPlan> plan = plans_.plan_for(*asked);
  Fault fault = draw_fault(options_.faults, mix(draws, kFaultDraw), plan.get());
  if (befalls_any(fault)) fault = Fault::none;  // what befalls calls
  const auto [answer, rows] =
      compose(*found->wire, *asked, plan.get(), fault, options_, draws, task.wall);
  books_.count_rows(rows);
  books_.bill_line(answer);
  results.usage.input += answer.input;
  results.usage.cached += answer.cached;
  results.usage.output += answer.output;
  results.usage.reasoning += answer.reasoning;
  http::ServerResponse response;
  found->wire->write(*asked, answer, response);
  return {200, std::move(response.body)};
}

core::Result<BatchRun::Results> BatchRun::run(const Task& task, bool apart) {
  Results results;
  simdjson::dom::parser parser;
  LineWriter output(results.output, task.plan.shuffle, task.draws);
  LineWriter errors(results.errors, task.plan.shuffle, mix(task.draws));
  core::Status written;
  const auto looked = task.input.each_line([&](std::string_view text, std::uint64_t) {
    const std::uint64_t place = results.counts.total++;
    const auto line = read_line(parser, task.api, task.order, text);
    if (!line) return true;  // it would have failed when it was made
    const std::uint64_t draws = line_draws(task.draws, place);
    LineResult result;
    Reply reply;
    if (!line_done(draws, task.done)) {
      const bool expired = task.end == BatchState::expired;
      result.kind = expired ? LineResult::Kind::expired : LineResult::Kind::cancelled;
      ++(expired ? results.counts.expired : results.counts.cancelled);
      ++books_.stats().batch.lines_not_run;
    } else {
      reply = answer(task, *line, draws, results);
      result.kind = reply.status == 200 ? LineResult::Kind::answered : LineResult::Kind::refused;
      ++(reply.status == 200 ? results.counts.succeeded : results.counts.failed);
      if (reply.status != 200) ++books_.stats().batch.line_errors;
    }
    if (!task.api.writes_unfinished && result.kind > LineResult::Kind::refused) return true;
    const LineFault fault = draw_line_fault(options_.batch.faults, draws);
    if (fault == LineFault::drop) return true;
    const std::string foreign = fmt::format("{}-{:04x}", line->id, draws & 0xFFFF);
    result.id = fault == LineFault::foreign ? std::string_view(foreign) : line->id;
    result.echo = line->echo;
    result.status = reply.status;
    result.body = reply.body;
    result.number = mix(draws, kIdDraw);
    result.at = task.wall;
    result.null_response = fault == LineFault::null_response;
    result.body_text = task.plan.body_text;
    LineWriter& to = apart && result.kind != LineResult::Kind::answered ? errors : output;
    for (int times = fault == LineFault::twice ? 2 : 1; times > 0 && written; --times) {
      std::string out;
      core::JsonWriter w(out);
      task.api.write_line(w, result);
      written = to.add(std::move(out));
    }
    return written.has_value();
  });
  if (!looked) return std::unexpected(looked.error());
  if (written) written = output.finish();
  if (written) written = errors.finish();
  if (!written) return std::unexpected(written.error());
  return results;
}

}  // namespace sluice::mock
