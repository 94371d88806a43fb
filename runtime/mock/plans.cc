#include "mock/plans.h"

#include <algorithm>
#include <utility>

namespace sluice::mock {
namespace {

constexpr std::size_t kMostPlans = 64;  // nobody asks so many questions
constexpr std::string_view kFence = "```json-schema\n";
constexpr std::string_view kFenceEnd = "\n```";

std::string_view fenced_schema(std::string_view system) {
  const std::size_t start = system.find(kFence);
  if (start == system.npos) return {};
  const std::string_view rest = system.substr(start + kFence.size());
  return rest.substr(0, std::min(rest.find(kFenceEnd), rest.size()));
}

}  // namespace

std::shared_ptr<const AnswerPlan> Plans::plan_for(const wire::Asked& asked) {
  const std::string_view schema =
      asked.schema.empty() ? fenced_schema(asked.system) : std::string_view(asked.schema);
  if (schema.empty()) return nullptr;
  const core::Hash128 key = core::hash128(schema);
  if (const auto known = plans_.find(key); known != plans_.end()) return known->second;
  if (plans_.size() >= kMostPlans) plans_.clear();
  std::shared_ptr<const AnswerPlan> plan;
  if (auto compiled = AnswerPlan::compile(schema))
    plan = std::make_shared<const AnswerPlan>(std::move(*compiled));
  plans_.emplace(key, plan);
  return plan;
}

}  // namespace sluice::mock
