#include "job/flow_graph.h"

#include <oneapi/tbb/flow_graph.h>

#include <optional>
#include <utility>

#include "job/workers.h"

namespace sluice::job {
namespace {

namespace tf = oneapi::tbb::flow;

using PackInputPtr = std::shared_ptr<PackInput>;
using RequestsPtr = std::shared_ptr<std::vector<stages::RequestPtr>>;
using CompletionsPtr = std::shared_ptr<stages::Completions>;

}  // namespace

// Messages are pointers; a null one is what a body that failed has made.
struct FlowGraph::Impl {
  struct TakenRows {
    core::RowBatch rows;
    flow::Cost taken;
    std::uint64_t number;
  };
  using TakenRowsPtr = std::shared_ptr<TakenRows>;
  using PackNode = tf::multifunction_node<PackInputPtr, std::tuple<RequestsPtr>>;

  Impl(Bodies given, flow::Shutdown& run_ending);

  Bodies bodies;
  flow::Shutdown& shutdown;
  std::uint64_t batches = 0;  // the reader's thread
  Workers workers;
  oneapi::tbb::task_group_context context;
  std::optional<tf::graph> graph;
  std::optional<tf::function_node<TakenRowsPtr, PackInputPtr>> prepare;
  std::optional<PackNode> pack;
  std::optional<tf::function_node<RequestsPtr, RequestsPtr>> build;
  std::optional<tf::function_node<RequestsPtr>> dispatch;
  std::optional<tf::function_node<CompletionsPtr>> parse;
};

FlowGraph::Impl::Impl(Bodies given, flow::Shutdown& run_ending)
    : bodies(std::move(given)), shutdown(run_ending) {
  workers.adopt([this] { graph.emplace(context); });
  prepare.emplace(*graph, tf::unlimited, [this](const TakenRowsPtr& rows) {
    PackInputPtr made;
    flow::guarded(shutdown, [&] {
      made = std::make_shared<PackInput>(PackInput{
          PackInput::Kind::rows, bodies.prepare(std::move(rows->rows), rows->taken), rows->number});
    });
    return made;
  });
  pack.emplace(*graph, tf::serial,
               [this](const PackInputPtr& input, PackNode::output_ports_type& ports) {
                 flow::guarded(shutdown, [&] {
                   if (!input) return;
                   auto requests = bodies.pack(*input);
                   if (requests.empty()) return;
                   std::get<0>(ports).try_put(
                       std::make_shared<std::vector<stages::RequestPtr>>(std::move(requests)));
                 });
               });
  build.emplace(*graph, tf::unlimited, [this](const RequestsPtr& requests) {
    bool built = false;
    flow::guarded(shutdown, [&] {
      for (const stages::RequestPtr& request : *requests) bodies.build(*request);
      built = true;
    });
    return built ? requests : nullptr;
  });
  dispatch.emplace(*graph, tf::unlimited, [this](const RequestsPtr& requests) {
    flow::guarded(shutdown, [&] {
      if (requests) bodies.dispatch(std::move(*requests));
    });
  });
  parse.emplace(*graph, tf::unlimited, [this](const CompletionsPtr& completions) {
    flow::guarded(shutdown, [&] { bodies.parse(*completions); });
  });
  tf::make_edge(*prepare, *pack);
  tf::make_edge(tf::output_port<0>(*pack), *build);
  tf::make_edge(*build, *dispatch);
}

FlowGraph::FlowGraph(Bodies bodies, flow::Shutdown& shutdown)
    : impl_(std::make_unique<Impl>(std::move(bodies), shutdown)) {}

FlowGraph::~FlowGraph() {
  wait();
}

void FlowGraph::rows(core::RowBatch&& batch, flow::Cost taken) {
  impl_->prepare->try_put(
      std::make_shared<Impl::TakenRows>(std::move(batch), taken, ++impl_->batches));
}

void FlowGraph::to_pack(PackInput::Kind kind, stages::Items&& items, std::uint64_t batches) {
  impl_->pack->try_put(std::make_shared<PackInput>(PackInput{kind, std::move(items), batches}));
}

void FlowGraph::completed(stages::Completions&& completions) {
  impl_->parse->try_put(std::make_shared<stages::Completions>(std::move(completions)));
}

bool FlowGraph::broken() const {
  return impl_->context.is_group_execution_cancelled();
}

void FlowGraph::wait() noexcept {
  try {
    impl_->graph->wait_for_all();
  } catch (...) {
    impl_->shutdown.fail(core::caught());
  }
}

}  // namespace sluice::job
