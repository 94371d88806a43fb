// What is paid at the edges between threads: credits, and work posted to the I/O loop.
#include <atomic>
#include <thread>

#include "flow/credits.h"
#include "micro/measure.h"
#include "net/loop.h"

namespace sluice::bench {
namespace {

// A row that comes alone: a batch takes and gives no more than this.
void credits(benchmark::State& state) {
  flow::Credits credits({1024, 1 << 30}, [] {});
  const flow::Cost row{1, 2000};
  for (auto _ : state) {
    if (credits.take(row, std::chrono::milliseconds(20)) != flow::Credits::Taken::yes)
      return state.SkipWithError("no credit");
    credits.settle(row, row.bytes);
    credits.give(row);
  }
  report_rows(state, 1);
}
BENCHMARK(credits);

// Bursts of posts from another thread, each burst waited for. CPU time of both threads.
void loop_post(benchmark::State& state) {
  constexpr std::uint64_t kBurst = 64;
  net::Loop loop;
  std::thread io([&] { loop.run(); });
  std::atomic<std::uint64_t> done = 0;
  std::uint64_t wanted = 0;
  for (auto _ : state) {
    wanted += kBurst;
    for (std::uint64_t i = 0; i < kBurst; ++i) {
      loop.post([&done, &wanted] {
        if (done.fetch_add(1) + 1 == wanted) done.notify_one();
      });
    }
    for (std::uint64_t seen = done; seen != wanted; seen = done) done.wait(seen);
  }
  loop.stop();
  io.join();
  report_rows(state, kBurst);
}
BENCHMARK(loop_post)->MeasureProcessCPUTime();

}  // namespace
}  // namespace sluice::bench
