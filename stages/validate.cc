#include "stages/validate.h"

#include "answer/field_check.h"

namespace sluice::stages {

core::Reject script_reject(core::Stage stage, ScriptFailure failure, std::string reason) {
  if (failure.script_error) reason = "script_error";
  return {stage, std::move(reason), std::move(failure.message), {}};
}

std::optional<core::Reject> validate(const ValidateSpec& spec, const core::Row& row,
                                     const simdjson::dom::object& object) {
  if (auto wrong = answer::misfit(object, spec.fields))
    return core::Reject{core::Stage::validate, "invalid_field", std::move(*wrong), {}};
  if (!spec.check) return std::nullopt;
  if (auto checked = spec.check(row); !checked)
    return script_reject(core::Stage::validate, checked.error(), "check_failed");
  return std::nullopt;
}

}  // namespace sluice::stages
