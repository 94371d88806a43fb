// What a row costs the output, with the copy of the last bytes that proofs are made of; and a proof
// itself, which is made about once a second and file (stages/job/file_proof.h).
#include <string>

#include "job/file_sink.h"
#include "micro/measure.h"
#include "micro/samples.h"
#include "no_checkpoint.h"

namespace sluice::bench {
namespace {

std::unique_ptr<checkpoint::Projection> open_sink(const Scratch& scratch) {
  auto sink = job::make_file_sink(scratch.path("out.jsonl"), scratch.path("rejects.jsonl"),
                                  [](const std::string&) {});
  Nothing past;
  if (!sink->open({}, past)) return nullptr;
  return sink;
}

void sink_append(benchmark::State& state) {
  constexpr std::size_t kRows = 256;
  const Scratch scratch;
  const auto sink = open_sink(scratch);
  std::string lines;
  for (std::size_t i = 0; i < kRows; ++i)
    lines += R"({"id":"T-00000000","queue":"billing","urgency":3})"
             "\n";
  for (auto _ : state) {
    if (!sink || !sink->append(lines, {})) return state.SkipWithError("not written");
  }
  report_rows(state, kRows);
}
BENCHMARK(sink_append);

void sink_proof(benchmark::State& state) {
  const Scratch scratch;
  const auto sink = open_sink(scratch);
  if (!sink || !sink->append(std::string(128 * 1024, 'x') + "\n", {}))
    return state.SkipWithError("not written");
  for (auto _ : state) {
    auto mark = sink->write_out();
    if (!mark) return state.SkipWithError("not written");
    benchmark::DoNotOptimize(mark);
  }
  report_rows(state, 1);
}
BENCHMARK(sink_proof);

}  // namespace
}  // namespace sluice::bench
