// Files on their way to a provider, and results on theirs from it.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "parked/batch_jobs_impl.h"
#include "parked/collect.h"

namespace sluice::parked {
namespace {

constexpr std::size_t kCopiedAtOnce = std::size_t{1} << 20;

}  // namespace

core::Status ThreadBatchJobs::put_file(Driven& driven, const std::string& place) {
  const auto file =
      InFile::open(file_of(setup_.directory, driven.machine.record().nonce, FileKind::upload));
  if (!file) return std::unexpected(file.error());
  auto target = driven.service->places->create(place);
  if (!target) return std::unexpected(target.error());
  for (std::uint64_t at = 0; at < file->size();) {
    const auto piece = file->piece(at, kCopiedAtOnce);
    if (!piece) return std::unexpected(piece.error());
    if (auto written = (*target)->write(*piece); !written) return written;
    at += piece->size();
  }
  return (*target)->finish();
}

core::Status ThreadBatchJobs::fetch_places(Driven& driven, OutFile& out) {
  std::vector<char> buffer(kCopiedAtOnce);
  for (const std::string& pattern : driven.service->api->places_of_results(driven.machine.job())) {
    // None: it has ended without any.
    const auto names = driven.service->places->objects(pattern);
    if (!names) return std::unexpected(names.error());
    for (const std::string& name : *names) {
      std::atomic<std::uint64_t> consumed = 0;
      auto file = driven.service->places->open(name, consumed);
      if (!file) return std::unexpected(file.error());
      char last = '\n';
      for (;;) {
        const auto read = (*file)->read(buffer);
        if (!read) return std::unexpected(read.error());
        if (read->state == storage::InputFile::State::end) break;
        if (read->state == storage::InputFile::State::waiting) continue;
        last = buffer[read->count - 1];
        if (auto written = out.write({buffer.data(), read->count}); !written) return written;
      }
      if (last == '\n') continue;
      if (auto written = out.write("\n"); !written) return written;
    }
  }
  return {};
}

core::Status ThreadBatchJobs::fetch_pages(Driven& driven, OutFile& out) {
  const provider::BatchApi& api = *driven.service->api;
  const provider::BatchJob job = driven.machine.job();
  for (provider::BatchCall call : api.downloads(job)) {
    for (bool more = true; more;) {
      const Called called = caller_->call(driven.machine.record().endpoint, call, {}, {}, true);
      if (called.stopped) return core::fail(core::ErrorCode::io, "stopped");
      if (called.status < 200 || called.status >= 300)
        return core::fail(core::ErrorCode::io, called.message);
      auto page = api.result_page(job, {called.headers, called.response.body});
      if (!page) return std::unexpected(page.error());
      for (const std::string& line : page->lines)
        if (auto written = out.write(line + "\n"); !written) return written;
      more = page->next.has_value();
      if (more) call = std::move(*page->next);
    }
  }
  return {};
}

core::Status ThreadBatchJobs::fetch(Driven& driven, const std::string& part) {
  auto out = OutFile::create(part);
  if (!out) return std::unexpected(out.error());
  const bool pages = driven.service->api->results_in_pages();
  core::Status written = pages ? fetch_pages(driven, *out) : fetch_places(driven, *out);
  if (!written) return written;
  if (pages) return out->finish(part);
  for (const provider::BatchCall& call : driven.service->api->downloads(driven.machine.job())) {
    char last = '\n';
    const Called called = caller_->call(
        driven.machine.record().endpoint, call, {},
        [&](std::string_view bytes) {
          if (!bytes.empty()) last = bytes.back();
          written = out->write(bytes);
          return written.has_value();
        },
        true);
    if (!written) return written;
    if (called.stopped) return core::fail(core::ErrorCode::io, "stopped");
    const bool gone = called.status == 404 || called.status == 410;
    if ((called.status < 200 || called.status >= 300) && !gone)
      return core::fail(core::ErrorCode::io, called.message);
    if (last != '\n') written = out->write("\n");
    if (!written) return written;
  }
  return out->finish(part);
}

core::Status ThreadBatchJobs::bring_home(Driven& driven) {
  batch::Machine& machine = driven.machine;
  const std::string& nonce = machine.record().nonce;
  const std::string part = file_of(setup_.directory, nonce, FileKind::replies, true);
  if (auto fetched = fetch(driven, part); !fetched) return fetched;
  auto collected = collect({.api = *driven.service->api,
                            .codec = *driven.service->codec,
                            .price = driven.service->price,
                            .batch = machine.record(),
                            .now = setup_.clock.wall_now(),
                            .never_ended = machine.never_ended()},
                           part);
  if (!collected) return std::unexpected(collected.error());
  const bool none_ours =
      std::ranges::all_of(collected->places, [](const Place& place) { return place.length == 0; });
  if (none_ours && collected->foreign > 0 && machine.record().inferred) {
    machine.not_ours(setup_.clock.wall_now());
    commit(driven);
    return {};
  }
  const std::string replies = file_of(setup_.directory, nonce, FileKind::replies);
  if (std::rename(part.c_str(), replies.c_str()) != 0)
    return core::fail_errno("cannot name a batch's file", errno, replies);
  if (auto indexed = RepliesFile::write_index(setup_.directory, nonce, collected->places); !indexed)
    return indexed;
  if (auto shared = share(nonce, {FileKind::replies, FileKind::index}); !shared) return shared;
  machine.collected(collected->answered, collected->cost, setup_.clock.wall_now());
  if (commit(driven, std::move(collected->settlements))) over(driven);
  return {};
}

void ThreadBatchJobs::clean_up(Driven& driven) {
  for (const provider::BatchCall& call : driven.service->api->clean_up(driven.machine.job()))
    caller_->call(driven.machine.record().endpoint, call, {}, {}, true);
  remove_file(setup_.directory, driven.machine.record().nonce, FileKind::upload);
  driven.machine.cleaned();
}

}  // namespace sluice::parked
