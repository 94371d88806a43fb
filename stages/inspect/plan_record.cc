#include "inspect/plan_record.h"

#include <fmt/format.h>

#include "core/json.h"
#include "inspect/json_fields.h"
#include "storage/whole_file.h"

namespace sluice::inspect {
namespace {

constexpr std::uint64_t kMostPlanBytes = 1 << 20;

PlannedFigure figure_of(const simdjson::dom::object& way, const std::string& name) {
  return {json_amount(way, name), json_amount(way, name + "_low"),
          json_amount(way, name + "_high")};
}

PlannedWay way_of(const simdjson::dom::object& way) {
  return {.name = json_text(way, "name"),
          .dollars = figure_of(way, "cost_usd"),
          .seconds = figure_of(way, "seconds"),
          .input_tokens = figure_of(way, "input_tokens"),
          .output_tokens = figure_of(way, "output_tokens"),
          .binding = json_text(way, "binding"),
          .meets_deadline = json_flag(way, "meets_deadline"),
          .within_budget = json_flag(way, "within_budget")};
}

}  // namespace

core::Result<PlanRecord> parse_plan(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (core::not_starved(parser.parse(json.data(), json.size())).get(object))
    return core::fail(core::ErrorCode::corrupt, "it is not a JSON object");
  PlanRecord plan;
  plan.made = json_amount(object, "made").value_or(0);
  plan.version = json_text(object, "version");
  plan.rows = json_amount(object, "rows");
  plan.requests = json_amount(object, "requests");
  if (const auto chosen = json_amount(object, "chosen"))
    plan.chosen = static_cast<std::size_t>(*chosen);
  simdjson::dom::array ways;
  if (object["ways"].get(ways)) return core::fail(core::ErrorCode::corrupt, "it names no ways");
  for (const simdjson::dom::element one : ways) {
    simdjson::dom::object way;
    if (one.get(way)) continue;
    if (json_flag(way, "chosen").value_or(false)) plan.chosen = plan.ways.size();
    if (json_flag(way, "as_written").value_or(false)) plan.taken = plan.ways.size();
    plan.ways.push_back(way_of(way));
  }
  if (plan.chosen && *plan.chosen >= plan.ways.size()) plan.chosen.reset();
  if (!plan.taken) plan.taken = plan.chosen;
  if (!plan.taken && !plan.ways.empty()) plan.taken = 0;
  return plan;
}

core::Result<std::optional<PlanRecord>> read_plan(const std::string& directory) {
  const std::string path = directory + "/plan.json";
  const auto text = storage::read_whole(path, kMostPlanBytes);
  if (!text && text.error().what == storage::FileProblem::What::missing) return std::nullopt;
  if (!text)
    return core::fail(
        core::ErrorCode::io,
        text.error().reason.empty() ? "it is not a file of at most 1 MiB" : text.error().reason,
        path);
  auto plan = parse_plan(*text);
  if (!plan) return core::fail(plan.error().code, plan.error().message, path);
  return std::optional(std::move(*plan));
}

}  // namespace sluice::inspect
