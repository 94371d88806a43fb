#include "inspect/try_rows.h"

#include <simdjson.h>

#include <unordered_map>
#include <utility>

#include "core/json.h"
#include "format/json_value.h"
#include "inspect/line_identity.h"
#include "inspect/unkept.h"
#include "stages/key.h"
#include "stages/names.h"
#include "stages/question.h"

namespace sluice::inspect {
namespace {

// The rows of a trial, from what went out and what was committed.
class Rows {
 public:
  explicit Rows(const stages::PipelineSpec& spec)
      : lines_(spec, stages::make_question(spec).answer_names()) {}

  void add(const Exchange& exchange) {
    for (const Exchange::Row& row : exchange.rows) {
      const auto [at, is_new] = places_.try_emplace(row.identity, rows_.size());
      if (is_new) {
        rows_.emplace_back();
        rows_.back().name = row.name;
        rows_.back().line = row.line;
      }
      TriedRow& tried = rows_[at->second];
      tried.exchanges.push_back(exchange.number);
      tried.history = row.history;
    }
  }

  void add(const store::Entry& entry) {
    auto at = places_.find(entry.row);
    // One that was never asked, or another row that is equal.
    if (at == places_.end() || rows_[at->second].end != TriedRow::End::pending) {
      at = places_.insert_or_assign(entry.row, rows_.size()).first;
      rows_.emplace_back();
      rows_.back().name = lines_.identify(entry.line, entry.kind).name;
    }
    TriedRow& tried = rows_[at->second];
    if (entry.kind == store::Kind::answer) {
      tried.end = TriedRow::End::answered;
      tried.answer = answer_members(entry);
      tried.accepted = entry.question == stages::accepted_name(tried.answer);
    } else {
      tried.end = TriedRow::End::rejected;
      tried.reject = read_reject(entry.line);
    }
  }

  std::vector<TriedRow> take() { return std::move(rows_); }

 private:
  const LineReader lines_;
  std::vector<TriedRow> rows_;
  std::unordered_map<core::Hash128, std::size_t> places_;
};

// `spec` with the rows of one key alone: as the last of its steps leaves them.
stages::PipelineSpec with_key(stages::PipelineSpec spec, const std::string& key) {
  std::string as_text;
  core::append_json_string(as_text, key);
  const std::string field = spec.read.key;
  spec.read.steps.emplace_back(stages::KeepStep{
      .keep = [=](const core::Row& row) -> std::expected<bool, stages::ScriptFailure> {
        thread_local simdjson::dom::parser parser;
        simdjson::dom::object object;
        core::Row named = row;
        if (format::parse_json(parser, named.raw, object) != simdjson::SUCCESS) return false;
        if (!stages::assign_key(named, object, field).empty()) return false;
        return named.key_json == as_text || named.key_json == key;
      },
      .script = {}});
  return spec;
}

}  // namespace

core::Result<Trial> try_rows(const stages::PipelineSpec& whole, const TryOptions& options) {
  const stages::PipelineSpec spec = options.key.empty() ? whole : with_key(whole, options.key);
  const auto kept = std::make_shared<Kept>();
  Recording recording;
  job::RunOptions run_options;
  if (options.key.empty()) run_options.limit = options.rows;
  run_options.look = true;
  run_options.keep_going = true;  // each row is shown, however alike they fail
  run_options.make_sender = recorded(options.make_sender, recording, options.ended);
  run_options.open_checkpoint =
      [&](const checkpoint::Options& opened,
          checkpoint::Projection&) -> core::Result<std::unique_ptr<checkpoint::Checkpoint>> {
    return std::make_unique<Unkept>(options.spent, opened.endpoints, kept);
  };
  auto run = job::Run::make(spec, run_options);
  if (!run) return std::unexpected(run.error());
  auto result = (*run)->run();
  if (!result) return std::unexpected(result.error());
  run->reset();  // nothing more comes: the recording is whole

  Trial trial;
  trial.result = std::move(*result);
  std::unordered_map<std::uint64_t, core::Money> costs;  // by attempt
  for (const store::Settlement& settlement : kept->settlements)
    costs[settlement.attempt] += settlement.cost;
  Rows rows(spec);
  for (const Exchange& exchange : recording.exchanges) {
    rows.add(exchange);
    trial.costs.push_back(costs[exchange.attempt]);
  }
  for (const store::Entry& entry : kept->entries) {
    rows.add(entry);
    if (entry.kind == store::Kind::answer || spec.sink.for_next_level)
      trial.lines.push_back(entry.line);
  }
  trial.rows = rows.take();
  // Lines that are no rows pass a step as they are.
  if (!options.key.empty())
    std::erase_if(trial.rows, [](const TriedRow& row) {
      return row.exchanges.empty() && row.reject.stage == "read";
    });
  trial.exchanges = std::move(recording.exchanges);
  return trial;
}

}  // namespace sluice::inspect
