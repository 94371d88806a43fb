// How the parts are measured: every benchmark tells nanoseconds a row, as a counter "ns_per_row",
// beside Google Benchmark's own figures. These are CPU time of the measuring thread, so that a
// busy machine changes little; where several threads work it is that of the process
// (MeasureProcessCPUTime), and where a disk is waited for the time on the wall (UseRealTime).
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <optional>
#include <utility>

namespace sluice::bench {

// To be called once, after the loop. `rows`: of one iteration.
inline void report_rows(benchmark::State& state, std::size_t rows) {
  const auto count = static_cast<double>(rows);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows));
  state.counters["ns_per_row"] = benchmark::Counter(
      count * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// Measures `part` on what `make` gives, which it may use up. Neither the making nor the letting go
// of what came out is measured: the next part takes that over. Starting and stopping the clock
// costs some 0.3 µs, so `rows` should be dozens.
template <class Make, class Part>
void measure(benchmark::State& state, std::size_t rows, Make make, Part part) {
  std::optional<decltype(part(make()))> out;
  for (auto _ : state) {
    state.PauseTiming();
    out.reset();
    auto input = make();
    state.ResumeTiming();
    out.emplace(part(std::move(input)));
    benchmark::DoNotOptimize(out);
  }
  report_rows(state, rows);
}

}  // namespace sluice::bench
