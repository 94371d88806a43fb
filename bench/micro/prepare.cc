// The first stage on a batch, as a whole and its template alone.
#include "stages/prepare.h"

#include <simdjson.h>

#include "micro/measure.h"
#include "micro/samples.h"
#include "stages/prompt_template.h"

namespace sluice::bench {
namespace {

void prepare(benchmark::State& state) {
  const stages::PipelineSpec spec = tickets(1);
  const stages::Question question = stages::make_question(spec);
  const auto prepare = stages::Prepare::make(spec, question);
  const core::RowBatch batch = rows(core::kBatchRows);
  measure(
      state, batch.size(), [&] { return batch; },
      [&](core::RowBatch&& fresh) { return prepare->run(std::move(fresh)); });
}
BENCHMARK(prepare);

// The names of a row's question and of the row: two hashes.
void row_names(benchmark::State& state) {
  const stages::Question question = stages::make_question(tickets(1));
  core::Row row;
  row.raw = row_json(1);
  row.key_json = "\"T-1\"";
  for (auto _ : state) benchmark::DoNotOptimize(stages::row_name(row, question.of(row.raw)));
  report_rows(state, 1);
}
BENCHMARK(row_names);

void prompt_template(benchmark::State& state) {
  const auto parsed = stages::PromptTemplate::parse(tickets(1).pack.user_template);
  const std::string row = row_json(1);
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(row).get(object)) return state.SkipWithError("not an object");
  for (auto _ : state) benchmark::DoNotOptimize(parsed->render(object));
  report_rows(state, 1);
}
BENCHMARK(prompt_template);

}  // namespace
}  // namespace sluice::bench
