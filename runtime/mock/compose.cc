#include "mock/compose.h"

#include <string>

#include "mock/answer_text.h"
#include "mock/content.h"
#include "mock/draws.h"
#include "mock/embedding.h"
#include "simulate/random.h"

namespace sluice::mock {
namespace {

// Each input of a request for vectors counts as a row.
std::vector<provider::FramedRow> inputs_of(const std::vector<std::string>& inputs) {
  std::vector<provider::FramedRow> rows;
  rows.reserve(inputs.size());
  for (const std::string& input : inputs) rows.push_back({"", input});
  return rows;
}

}  // namespace

Composed compose(const wire::Wire& wire, const wire::Asked& asked, const AnswerPlan* plan,
                 Fault fault, const Options& options, std::uint64_t draws,
                 core::WallTime wall_now) {
  const bool vectors = wire.task == wire::Task::vectors;
  Composed made;
  made.rows = vectors ? inputs_of(asked.inputs) : rows_of(asked.user, plan);
  wire::Answer& answer = made.answer;
  answer.id = simulate::mix(draws, kIdDraw);
  answer.created = std::chrono::floor<std::chrono::seconds>(wall_now).time_since_epoch().count();
  answer.model = asked.model;
  answer.input = asked.prompt_tokens;
  if (vectors) {
    for (const std::string& input : asked.inputs)
      answer.vectors.push_back(vector_for(input, asked.dimensions, options.seed));
    return made;
  }
  answer.cached =
      static_cast<std::uint64_t>(options.cached_share * static_cast<double>(answer.input));
  answer.chunks = simulate::unit(simulate::mix(draws, kChunksDraw)) < options.faults.chunks;
  write_text(answer, asked, plan, made.rows, fault, options, draws);
  return made;
}

}  // namespace sluice::mock
