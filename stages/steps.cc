#include "stages/steps.h"

#include <fmt/format.h>

#include <utility>

#include "format/json_value.h"
#include "stages/cascade.h"
#include "stages/validate.h"

namespace sluice::stages {
namespace {

// Of the bytes of `row`; valid until the thread's next call.
bool parsed_object(const core::Row& row, simdjson::dom::object& object) {
  thread_local simdjson::dom::parser parser;
  return format::parse_json(parser, row.raw, object) == simdjson::SUCCESS;
}

core::Row rejected(core::Row&& row, core::Reject why) {
  row.reject = std::make_shared<const core::Reject>(std::move(why));
  return std::move(row);
}

// The row that a step made of `from`.
core::Row made_from(const core::Row& from, std::string&& raw) {
  core::Row row;
  row.raw = std::move(raw);
  row.line = from.line;
  row.source = from.source;
  return row;
}

// A row as long as the reader would refuse as a line.
std::optional<core::Reject> too_long(core::Stage stage, const std::string& raw) {
  if (raw.size() <= kMaxRowBytes) return std::nullopt;
  return core::Reject{stage,
                      "too_large",
                      fmt::format("the function made a row longer than {} MiB, the most that one "
                                  "may have",
                                  kMaxRowBytes >> 20),
                      {}};
}

}  // namespace

bool Steps::run(core::Row&& row, const Out& out) const {
  simdjson::dom::object object;
  if (!steps_.empty() && !parsed_object(row, object)) return out(std::move(row));
  return run_from(0, std::move(row), out);
}

bool Steps::run_from(std::size_t step, core::Row&& row, const Out& out) const {
  for (; step < steps_.size(); ++step) {
    if (const auto* validation = std::get_if<ValidateSpec>(&steps_[step])) {
      simdjson::dom::object object;
      if (!parsed_object(row, object)) return out(std::move(row));
      if (auto why = validate(*validation, row, object))
        return out(rejected(std::move(row), std::move(*why)));
    } else if (const auto* escalate = std::get_if<EscalateStep>(&steps_[step])) {
      row = next_level(*escalate, std::move(row));
      if (row.reject) return out(std::move(row));
    } else if (const auto* keep = std::get_if<KeepStep>(&steps_[step])) {
      auto kept = keep->keep(row);
      if (!kept) {
        return out(rejected(std::move(row),
                            script_reject(core::Stage::keep, kept.error(), "script_error")));
      }
      if (!*kept) return true;
    } else if (const auto* map = std::get_if<MapStep>(&steps_[step])) {
      auto made = map->map(row);
      if (!made) {
        return out(
            rejected(std::move(row), script_reject(core::Stage::map, made.error(), "map_failed")));
      }
      if (auto why = too_long(core::Stage::map, *made))
        return out(rejected(std::move(row), std::move(*why)));
      row.raw = std::move(*made);
    } else {
      auto made = std::get<ExplodeStep>(steps_[step]).explode(row);
      if (!made) {
        return out(rejected(std::move(row),
                            script_reject(core::Stage::explode, made.error(), "explode_failed")));
      }
      for (const std::string& raw : *made) {
        if (auto why = too_long(core::Stage::explode, raw))
          return out(rejected(std::move(row), std::move(*why)));
      }
      for (std::string& raw : *made)
        if (!run_from(step + 1, made_from(row, std::move(raw)), out)) return false;
      return true;
    }
  }
  return out(std::move(row));
}

}  // namespace sluice::stages
