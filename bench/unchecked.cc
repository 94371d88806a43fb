// What a checkpoint costs: runs a pipeline file as `sluice run` does, but keeps nothing. Answers go
// to the sink and nowhere else; no intent is written and nothing is synced. For measurements alone:
// such a run can neither be resumed nor audited.
//
//   sluice_unchecked FILE [name=value…]     prints the seconds that it took
#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "dsl/load.h"
#include "job/run.h"
#include "no_checkpoint.h"

namespace {

using namespace sluice;
using bench::NoCheckpoint;

int fail(const core::Error& error) {
  fmt::print(stderr, "{}\n", error.text());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  dsl::LoadOptions load;
  for (int i = 2; i < argc; ++i) {
    const std::string setting = argv[i];
    const std::size_t equals = setting.find('=');
    load.parameters[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  const auto spec = dsl::load(argc > 1 ? argv[1] : "", load);
  if (!spec) return fail(spec.error());
  const auto started = std::chrono::steady_clock::now();
  auto run =
      job::Run::make(spec->questions.front(), {.limit = {}, .open_checkpoint = NoCheckpoint::open});
  if (!run) return fail(run.error());
  const auto result = (*run)->run();
  if (!result) return fail(result.error());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  fmt::print("{{\"rows\":{},\"elapsed_s\":{:.3f}}}\n", result->progress.rows_ended, took.count());
  return 0;
}
