// Rows into packs, and packs into a request's user content.
#include "stages/pack.h"

#include "micro/measure.h"
#include "micro/samples.h"
#include "no_checkpoint.h"
#include "stages/output_line.h"
#include "stages/pack_size.h"
#include "stages/single_flight.h"

namespace sluice::bench {
namespace {

// A batch of new rows, none of which has an answer yet.
void packer_add(benchmark::State& state) {
  const stages::PipelineSpec spec = tickets(static_cast<int>(state.range(0)));
  const stages::Question question = stages::make_question(spec);
  const stages::Items items = prepared(spec, question, core::kBatchRows);
  const stages::LineWriter lines(spec, question.answer_names());
  const stages::PackSize size(spec.pack.rows);
  NoSink sink;
  NoCheckpoint checkpoint(sink);
  stages::InFlight in_flight;
  stages::Packer packer(spec, checkpoint, in_flight, lines, size);
  measure(
      state, items.size(),
      [&] {
        packer.flush();
        for (const stages::Item& item : items) in_flight.take(item.question);
        return items;
      },
      [&](stages::Items&& fresh) { return packer.add(std::move(fresh)); });
}
BENCHMARK(packer_add)->Arg(1)->Arg(20);

void build(benchmark::State& state) {
  constexpr std::size_t kRequests = 64;
  const stages::PipelineSpec spec = tickets(static_cast<int>(state.range(0)));
  const stages::Question question = stages::make_question(spec);
  const auto requests = built_requests(spec, question, kRequests);
  measure(
      state, kRequests * static_cast<std::size_t>(spec.pack.rows),
      [&] {
        for (const stages::RequestPtr& request : requests) {
          request->ids = {};
          request->user_content.reset();
        }
        return 0;
      },
      [&](int) {
        for (const stages::RequestPtr& request : requests) stages::build(*request, question.packed);
        return 0;
      });
}
BENCHMARK(build)->Arg(1)->Arg(20);

}  // namespace
}  // namespace sluice::bench
