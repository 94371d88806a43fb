#include "inspect/input_rows.h"

#include "flow/credits.h"
#include "flow/shutdown.h"
#include "job/job_files.h"
#include "stages/prepare.h"
#include "stages/reader.h"

namespace sluice::inspect {

core::Status each_input_row(const stages::PipelineSpec& spec, const stages::Question& question,
                            const std::function<core::Status(const stages::Item&)>& each,
                            bool old_names) {
  auto prepare = stages::Prepare::make(spec, question);
  if (!prepare) return std::unexpected(prepare.error());
  prepare->name_as_before(old_names);
  auto names = source::names_of(spec.read);
  if (!names) return std::unexpected(names.error());

  // The batch that is looked at holds all the credits there are, and gives them back.
  flow::Credits credits({1, 1}, [] {});
  flow::Shutdown shutdown;
  core::Status status;
  const auto look = [&](core::RowBatch&& rows, flow::Cost taken) {
    credits.settle(taken, taken.bytes);
    for (const stages::Item& item : prepare->run(std::move(rows))) {
      status = each(item);
      if (status) continue;
      shutdown.stop("");
      break;
    }
    credits.give(taken);
  };
  stages::Reader reader({spec.read, std::move(*names), job::written_files(spec)}, std::nullopt,
                        credits, shutdown, {look, [] {}, [](std::uint64_t, bool) {}},
                        stages::Steps(spec.read.steps));
  if (auto read = reader.run(); !read) return read;
  return status;
}

}  // namespace sluice::inspect
