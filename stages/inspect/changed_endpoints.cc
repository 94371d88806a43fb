#include "inspect/changed_endpoints.h"

#include <algorithm>
#include <filesystem>

#include "checkpoint/checkpoint.h"
#include "checkpoint/redo.h"
#include "inspect/reject_line.h"
#include "stages/endpoint_options.h"
#include "stages/question.h"

namespace sluice::inspect {
namespace {

// Of "attempt 17 at NAME: 503 server_error: …" (schedule/explain.h) what stands behind " at "; empty
// for another step.
std::string_view attempt_at(std::string_view step) {
  constexpr std::string_view kAttempt = "attempt ";
  constexpr std::string_view kAt = " at ";
  if (!step.starts_with(kAttempt)) return {};
  const std::size_t end = step.find_first_not_of("0123456789", kAttempt.size());
  if (end == step.npos || end == kAttempt.size() || !step.substr(end).starts_with(kAt)) return {};
  return step.substr(end + kAt.size());
}

}  // namespace

std::vector<std::string> changed_endpoints(const store::Account& account,
                                           const stages::PipelineSpec& spec) {
  std::vector<std::string> changed;
  for (const store::EndpointLedger& before : account.endpoints) {
    if (before.options.empty()) continue;
    const auto now =
        std::ranges::find(spec.dispatch.endpoints, before.name, &provider::EndpointSpec::name);
    if (now == spec.dispatch.endpoints.end() || stages::options_of(*now) != before.options)
      changed.push_back(before.name);
  }
  return changed;
}

bool rejected_by(std::string_view line, const std::vector<std::string>& changed) {
  const RejectLine reject = read_reject(line);
  if (reject.stage != core::stage_name(core::Stage::dispatch)) return false;
  bool asked = false;
  for (const std::string& step : reject.history) {
    const std::string_view at = attempt_at(step);
    if (at.empty()) continue;
    asked = true;
    if (std::ranges::none_of(changed,
                             [&](const std::string& name) { return at.starts_with(name + ": "); }))
      return false;
  }
  return asked;
}

core::Result<std::uint64_t> take_back_of_changed(const stages::PipelineSpec& spec) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(spec.checkpoint.directory + "/checkpoint.db", error))
    return 0;
  const auto account = checkpoint::read_account(spec.checkpoint.directory);
  if (!account) return 0;  // the run says why it cannot
  if (account->rows_rejected == 0) return 0;
  const std::vector<std::string> changed = changed_endpoints(*account, spec);
  if (changed.empty()) return 0;
  auto rows = checkpoint::take_back(
      spec.checkpoint.directory, spec.name, stages::fingerprint(spec, stages::make_question(spec)),
      [&](std::string_view line) { return rejected_by(line, changed); });
  if (!rows && rows.error().code == core::ErrorCode::pipeline) return 0;
  return rows;
}

}  // namespace sluice::inspect
