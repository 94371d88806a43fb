// Compiled schemas, kept: all requests of a question share one.
//
// Threads: one. Bound: 64 plans, then all are dropped.
#pragma once

#include <memory>
#include <string_view>
#include <unordered_map>

#include "core/hash.h"
#include "mock/answer_plan.h"
#include "wire/wire.h"

namespace sluice::mock {

class Plans {
 public:
  // By the request's schema, or the one that its system text holds between fences, for endpoints
  // that take none. Null = free text.
  std::shared_ptr<const AnswerPlan> plan_for(const wire::Asked& asked);

 private:
  std::unordered_map<core::Hash128, std::shared_ptr<const AnswerPlan>> plans_;
};

}  // namespace sluice::mock
