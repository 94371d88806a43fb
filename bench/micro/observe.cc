// What it costs a run to tell of an attempt: to nobody (the look at a null pointer), and to the meter that stands behind
// /metrics. The time of the attempt's end is there already, since the scheduler is told it.
#include <array>

#include "micro/measure.h"
#include "observe/meter.h"
#include "observe/observer.h"

namespace sluice::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kAttempts = 64;  // a burst

void tell(benchmark::State& state, observe::Observer* observer) {
  provider::Outcome outcome;
  outcome.status = 200;
  outcome.usage = {.input = 146, .output = 12};
  core::Time now{1s};
  for (auto _ : state) {
    for (std::size_t i = 0; i < kAttempts; ++i) {
      benchmark::DoNotOptimize(observer);  // as a member that another function may have set
      now += 1us;
      if (observer != nullptr)
        observer->on(observe::AttemptEnded{.endpoint = 0,
                                           .request = i,
                                           .attempt = i,
                                           .rows = 1,
                                           .sent = now - 100ms,
                                           .ended = now,
                                           .outcome = outcome});
    }
    benchmark::DoNotOptimize(now);
  }
  report_rows(state, kAttempts);
}

void observe_nobody(benchmark::State& state) {
  tell(state, nullptr);
}
BENCHMARK(observe_nobody);

void observe_meter(benchmark::State& state) {
  observe::Meter meter(1);
  tell(state, &meter);
}
BENCHMARK(observe_meter);

}  // namespace
}  // namespace sluice::bench
