// From a file's bytes to batches of rows, credits included.
#include "stages/reader.h"

#include <fstream>

#include "flow/credits.h"
#include "flow/shutdown.h"
#include "micro/measure.h"
#include "micro/samples.h"

namespace sluice::bench {
namespace {

void reader(benchmark::State& state) {
  constexpr std::size_t kRows = 20'000;
  const Scratch scratch;
  const std::string file = scratch.path("rows.jsonl");
  {
    std::ofstream out(file, std::ios::binary);
    for (std::size_t i = 0; i < kRows; ++i) out << row_json(i) << '\n';
  }
  for (auto _ : state) {
    const flow::Shutdown shutdown;
    flow::Credits credits({kRows, std::size_t{1} << 30}, [] {});
    stages::Reader reader({{{file}, {}}, {file}}, {}, credits, shutdown,
                          {.batch =
                               [&](core::RowBatch&& batch, flow::Cost taken) {
                                 benchmark::DoNotOptimize(batch);
                                 credits.settle(taken, taken.bytes);
                               },
                           .stalled = [] {},
                           .done = [](std::uint64_t, bool) {}});
    if (!reader.run() || reader.rows_read() != kRows) return state.SkipWithError("not all read");
  }
  report_rows(state, kRows);
}
BENCHMARK(reader);

}  // namespace
}  // namespace sluice::bench
