// Batches of a job that several machines share.
#include <filesystem>

#include "parked/batch_jobs_impl.h"

namespace sluice::parked {

core::Status ThreadBatchJobs::share(const std::string& nonce,
                                    std::initializer_list<FileKind> kinds) const {
  if (setup_.shared == nullptr) return {};
  for (const FileKind kind : kinds)
    if (auto put = setup_.shared->put(file_of(setup_.directory, nonce, kind)); !put) return put;
  return {};
}

bool ThreadBatchJobs::may_take(Driven& driven, batch::Step step) {
  batch::Machine& machine = driven.machine;
  if (step != batch::Step::upload && step != batch::Step::create) return true;
  if (!setup_.shared->are_ours()) {
    machine.put_off("the shared checkpoint was not reached for too long", setup_.clock.wall_now());
    return false;
  }
  // What is to be handed over was not taken along: its rows are asked in another batch.
  const provider::BatchApi& api = *driven.service->api;
  const bool wants_file =
      step == batch::Step::upload || (api.uploads() == 0 && !api.place_of_file(machine.job()));
  if (!wants_file ||
      std::filesystem::exists(file_of(setup_.directory, machine.record().nonce, FileKind::upload)))
    return true;
  machine.give_up("the machine that was about to hand it over is gone");
  if (commit(driven)) over(driven);
  return false;
}

void ThreadBatchJobs::forget() {
  for (const std::string& nonce : rows_.forget()) {
    if (setup_.shared == nullptr) continue;
    for (const FileKind kind : {FileKind::rows, FileKind::replies, FileKind::index})
      setup_.shared->remove(file_of(setup_.directory, nonce, kind));
  }
}

}  // namespace sluice::parked
