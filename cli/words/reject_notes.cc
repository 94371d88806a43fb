#include "words/reject_notes.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/printable.h"
#include "inspect/line_identity.h"
#include "observe/figures.h"

namespace sluice::words {
namespace {

constexpr std::size_t kShown = 3;
constexpr std::size_t kDetailBytes = 240;
constexpr std::size_t kNameBytes = 40;

std::string example_text(const inspect::RejectLine& reject) {
  std::string detail = inspect::line_start(reject.detail, kDetailBytes);
  // A detail of the reading stage begins with the line's place.
  if (reject.stage == "read" || reject.name.empty()) return detail;
  return fmt::format("{}: {}", inspect::line_start(reject.name, kNameBytes), detail);
}

}  // namespace

inspect::RejectReasons reasons_of(const stages::PipelineSpec& spec) {
  auto view = checkpoint::View::open(spec.checkpoint.directory);
  if (!view || (*view)->account().rows_rejected == 0) return {};
  auto reasons = inspect::reject_reasons(**view);
  return reasons ? std::move(*reasons) : inspect::RejectReasons();
}

std::vector<std::string> reject_notes(const inspect::RejectReasons& found,
                                      const std::string& file) {
  std::vector<std::string> notes;
  if (found.reasons.empty()) return notes;
  std::uint64_t others = 0;
  for (std::size_t i = 0; i < found.reasons.size(); ++i) {
    const inspect::RejectReason& one = found.reasons[i];
    if (i >= kShown) {
      others += one.rows;
      continue;
    }
    const std::string example = example_text(one.example);
    notes.push_back(fmt::format(
        "{} {} in {}{}{}", observe::count(one.rows), one.example.reason, one.example.stage,
        one.rows > 1 && !example.empty() ? ", for example " : ": ", example));
  }
  if (others > 0)
    notes.push_back(fmt::format("{} for {} other reasons", observe::count(others),
                                found.reasons.size() - kShown));
  notes.push_back(fmt::format(
      "`sluice rejects {0}` lists them; `sluice redo {0}` has the next run ask them again", file));
  return notes;
}

void write_rejects(core::JsonWriter& w, const inspect::RejectReasons& found) {
  w.key("rejects");
  w.open('[');
  for (const inspect::RejectReason& one : found.reasons) {
    w.open('{');
    w.field("reason", one.example.reason);
    w.field("stage", one.example.stage);
    w.field("rows", one.rows);
    w.key("example");
    w.open('{');
    w.field("row", one.example.name);
    w.field("detail", one.example.detail);
    w.close('}');
    w.close('}');
  }
  w.close(']');
}

}  // namespace sluice::words
