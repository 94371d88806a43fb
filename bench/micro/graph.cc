// What it costs a row to be handed from stage to stage: a flow graph in the shape of stages/job/run.cc
// whose stages do nothing, in batches of 64. CPU time of all threads.
#include <oneapi/tbb/flow_graph.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "micro/measure.h"
#include "net/loop.h"

namespace sluice::bench {
namespace {

namespace tf = oneapi::tbb::flow;

constexpr std::size_t kBatch = 64;
constexpr std::size_t kBatches = 16;  // in the flow at once, as credits bound it

using Batch = std::shared_ptr<std::vector<std::uint64_t>>;

// prepare ─▶ pack ─▶ build ─▶ dispatch ─▶ parse; pack makes a new message of what it gets.
class Chain {
 public:
  using Pack = tf::multifunction_node<Batch, std::tuple<Batch>>;
  using Dispatch = tf::async_node<Batch, Batch>;
  using Answer = std::function<void(const Batch&, Dispatch::gateway_type&)>;

  explicit Chain(Answer answer)
      : prepare_(graph_, tf::unlimited, [](const Batch& batch) { return batch; }),
        pack_(graph_, tf::serial,
              [](const Batch& batch, Pack::output_ports_type& ports) {
                std::get<0>(ports).try_put(
                    std::make_shared<std::vector<std::uint64_t>>(std::move(*batch)));
              }),
        build_(graph_, tf::unlimited, [](const Batch& batch) { return batch; }),
        dispatch_(graph_, tf::unlimited, std::move(answer)),
        parse_(graph_, tf::unlimited, [this](const Batch& batch) { rows_ += batch->size(); }) {
    tf::make_edge(prepare_, pack_);
    tf::make_edge(tf::output_port<0>(pack_), build_);
    tf::make_edge(build_, dispatch_);
    tf::make_edge(dispatch_, parse_);
  }

  void pass_all() {
    for (std::size_t i = 0; i < kBatches; ++i)
      prepare_.try_put(std::make_shared<std::vector<std::uint64_t>>(kBatch));
    graph_.wait_for_all();
  }
  std::uint64_t rows() const { return rows_; }

 private:
  tf::graph graph_;
  tf::function_node<Batch, Batch> prepare_;
  Pack pack_;
  tf::function_node<Batch, Batch> build_;
  Dispatch dispatch_;
  tf::function_node<Batch> parse_;
  std::atomic<std::uint64_t> rows_ = 0;
};

void measure_chain(benchmark::State& state, Chain& chain) {
  for (auto _ : state) chain.pass_all();
  if (chain.rows() != static_cast<std::uint64_t>(state.iterations()) * kBatch * kBatches)
    state.SkipWithError("not all rows came through");
  report_rows(state, kBatch * kBatches);
}

// Answered where it is dispatched: the graph alone.
void graph_chain(benchmark::State& state) {
  Chain chain(
      [](const Batch& batch, Chain::Dispatch::gateway_type& gateway) { gateway.try_put(batch); });
  measure_chain(state, chain);
}
BENCHMARK(graph_chain)->MeasureProcessCPUTime();

// Answered by the I/O thread, as in a run.
void graph_chain_io_thread(benchmark::State& state) {
  net::Loop loop;
  std::thread io([&] { loop.run(); });
  {
    Chain chain([&](const Batch& batch, Chain::Dispatch::gateway_type& gateway) {
      gateway.reserve_wait();
      loop.post([batch, &gateway] {
        gateway.try_put(batch);
        gateway.release_wait();
      });
    });
    measure_chain(state, chain);
  }
  loop.stop();
  io.join();
}
BENCHMARK(graph_chain_io_thread)->MeasureProcessCPUTime();

}  // namespace
}  // namespace sluice::bench
