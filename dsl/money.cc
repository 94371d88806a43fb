#include "dsl/money.h"

#include <fmt/format.h>

#include "codec/prices.h"
#include "dsl/arguments.h"
#include "stages/question.h"
#include "stages/worst_case.h"

namespace sluice::dsl {
namespace {

// The budget's place: this question's own, else that of one whose budget it keeps to.
Mark budget_mark(std::span<const std::vector<Mark>> marks, std::size_t question) {
  Mark mark = marks[question].back();
  for (const std::vector<Mark>& other : marks) {
    if (mark.source == nullptr) mark = other.back();
  }
  return mark;
}

std::string unknown_price(const provider::EndpointSpec& endpoint) {
  // The list may know the model, and not what this tier of it costs.
  const bool tier = codec::price_of(endpoint, core::Tier::standard).has_value();
  return fmt::format("the price of '{}'{} is not known, so the budget cannot be held",
                     endpoint.model,
                     tier ? fmt::format(" with service_tier \"{}\"", endpoint.service_tier) : "");
}

}  // namespace

void check_money(lua_State* lua, const stages::JobSpec& job,
                 std::span<const std::vector<Mark>> marks) {
  for (std::size_t k = 0; k < job.questions.size(); ++k) {
    const stages::PipelineSpec& question = job.questions[k];
    const stages::DispatchSpec& dispatch = question.dispatch;
    if (!dispatch.budget) continue;
    for (std::size_t e = 0; e < dispatch.endpoints.size(); ++e) {
      if (codec::price_of(dispatch.endpoints[e])) continue;
      raise_at(lua, marks[k][e].source, marks[k][e].span, unknown_price(dispatch.endpoints[e]),
               "add price = { input = …, output = … } to the endpoint, in dollars per million "
               "tokens, or price = 0 where it costs nothing; or name a file: prices = "
               "\"prices.csv\" in s.dispatch");
    }
    const stages::WorstCase worst =
        stages::least_worst_case(question, stages::make_question(question));
    if (worst.cost <= *dispatch.budget) continue;
    const Mark mark = budget_mark(marks, k);
    raise_at(lua, mark.source, mark.span,
             fmt::format("the budget of {} lets no request go: {}", dispatch.budget->text(),
                         stages::explain(worst)),
             worst.capped ? "lower max_output_tokens, or raise the budget"
                          : "give the endpoint max_output_tokens, or raise the budget");
  }
}

}  // namespace sluice::dsl
