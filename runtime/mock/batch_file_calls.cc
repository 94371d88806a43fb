// The calls of Batches about files, and its lists.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "mock/batches.h"
#include "mock/draws.h"
#include "simulate/random.h"

namespace sluice::mock {
namespace {

using simulate::mix;
using simulate::unit;
using wire::BatchAct;
using wire::StoredFile;
using wire::Why;

constexpr std::uint64_t kFileStream = 0xF11E;
constexpr std::uint64_t kSessionStream = 0x5E55;

// What `part` asks for of `all`, and how it ends.
template <class Entry>
std::pair<std::vector<Entry>, wire::ListEnds> cut(std::vector<Entry> all,
                                                  const wire::ListPart& part) {
  std::size_t from = 0;
  if (!part.after.empty()) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Entry& one) { return one.id == part.after; });
    from = found == all.end() ? all.size() : static_cast<std::size_t>(found - all.begin()) + 1;
  }
  from = std::min(from + part.skip, all.size());
  const std::size_t to = std::min(from + part.limit, all.size());
  const wire::ListEnds ends{.more = to < all.size(), .total = all.size()};
  all.erase(all.begin() + static_cast<std::ptrdiff_t>(to), all.end());
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(from));
  return {std::move(all), ends};
}

}  // namespace

Batches::Served Batches::serve_file(const wire::BatchCall& call, const http::ServerRequest& request,
                                    Moment at) {
  if (call.act == BatchAct::upload) {
    return call.api->files->step ? upload_step(*call.api, request, at)
                                 : upload(*call.api, request, at);
  }
  if (call.act == BatchAct::file_list) return list_files(*call.api, request);
  const std::string& id = call.in_path.back();
  const BatchFiles::File* file = files_.find(id);
  if (!file) return wire::refuse(Why::not_found, fmt::format("No such File object: {}", id));
  http::ServerResponse response;
  core::JsonWriter w(response.body);
  switch (call.act) {
    case BatchAct::file_content: {
      auto bytes = file->blob->all();
      if (!bytes) return wire::refuse(Why::server_error, bytes.error().text());
      response.content_type = "application/octet-stream";
      response.body = std::move(*bytes);
      return response;
    }
    case BatchAct::file_remove: {
      call.api->files->write_removed(w, file->facts);
      files_.remove(id);
      return response;
    }
    default:
      break;
  }
  call.api->files->write(w, file->facts, base_of(request));
  return response;
}

Batches::Served Batches::upload(const wire::BatchApi& api, const http::ServerRequest& request,
                                Moment at) {
  const auto read = api.files->read(request);
  if (!read) return std::unexpected(read.error());
  if (read->bytes.size() > api.files->most_bytes) {
    return wire::refuse(Why::bad_request, fmt::format("The file has {} bytes, and {} is the most.",
                                                      read->bytes.size(), api.files->most_bytes));
  }
  Blob blob;
  if (auto put = blob.append(read->bytes); !put)
    return wire::refuse(Why::server_error, put.error().text());
  return keep_upload(api, *read, std::move(blob), request, at);
}

Batches::Served Batches::keep_upload(const wire::BatchApi& api, const wire::Upload& named,
                                     Blob blob, const http::ServerRequest& request, Moment at) {
  const std::uint64_t bytes = blob.size();
  const auto kept =
      files_.add({.id = api.files->id(mix(mix(options_.seed, kFileStream), ++uploads_)),
                  .name = named.name,
                  .purpose = named.purpose,
                  .media = named.media,
                  .created = at.wall,
                  .owner = api.files},
                 std::move(blob));
  if (!kept) return wire::refuse(Why::bad_request, kept.error().message);
  BatchStats& stats = books_.stats().batch;
  lose_reply_ = unit(mix(mix(mix(options_.seed, kFileStream), uploads_), kBatchLoseDraw)) <
                options_.batch.faults.lose_upload;
  ++stats.uploads;
  stats.upload_bytes += bytes;
  http::ServerResponse response;
  core::JsonWriter w(response.body);
  api.files->write(w, (*kept)->facts, base_of(request));
  return response;
}

Batches::Served Batches::upload_step(const wire::BatchApi& api, const http::ServerRequest& request,
                                     Moment at) {
  auto step = api.files->step(request);
  if (!step) return std::unexpected(std::move(step.error()));
  http::ServerResponse response;
  const auto reply = [&](std::string_view session, std::uint64_t received, bool over) {
    api.files->write_step(session, received, over, base_of(request), response);
  };
  if (step->session.empty()) {
    const std::string session =
        fmt::format("{:016x}", mix(mix(options_.seed, kSessionStream), ++sessions_made_));
    if (sessions_.size() >= kMostSessions) sessions_.erase(sessions_.begin());
    sessions_.push_back({session, std::move(step->upload), {}});
    reply(session, 0, false);
    return response;
  }
  const auto found = std::find_if(sessions_.begin(), sessions_.end(),
                                  [&](const Session& one) { return one.id == step->session; });
  if (found == sessions_.end())
    return wire::refuse(Why::not_found, fmt::format("No upload '{}'.", step->session));
  if (step->part) {
    if (step->offset != found->blob.size()) {
      return wire::refuse(Why::bad_request, fmt::format("The offset is {}, and {} bytes have come.",
                                                        step->offset, found->blob.size()));
    }
    const std::uint64_t bytes = found->blob.size() + step->upload.bytes.size();
    if (bytes > api.files->most_bytes) {
      return wire::refuse(
          Why::bad_request,
          fmt::format("The file has {} bytes, and {} is the most.", bytes, api.files->most_bytes));
    }
    if (auto put = found->blob.append(step->upload.bytes); !put)
      return wire::refuse(Why::server_error, put.error().text());
  }
  if (!step->last) {
    reply(step->session, found->blob.size(), false);
    return response;
  }
  Session session = std::move(*found);
  sessions_.erase(found);
  const std::uint64_t bytes = session.blob.size();
  auto kept = keep_upload(api, session.upload, std::move(session.blob), request, at);
  if (!kept) return kept;
  response = std::move(*kept);
  reply(session.id, bytes, true);
  return response;
}

Batches::Served Batches::list_files(const wire::BatchApi& api, const http::ServerRequest& request) {
  const auto purpose = wire::query_value(request.target, "purpose");
  std::vector<const BatchFiles::File*> found;
  for (const auto& [id, file] : files_.all()) {
    if (file.facts.owner != api.files) continue;
    if (!purpose || file.facts.purpose == *purpose) found.push_back(&file);
  }
  // The newest first, as providers have it, unless it is asked for otherwise.
  const bool oldest_first = wire::query_value(request.target, "order") == "asc";
  std::sort(found.begin(), found.end(), [&](const auto* a, const auto* b) {
    return oldest_first ? a->number < b->number : a->number > b->number;
  });
  std::vector<StoredFile> files;
  files.reserve(found.size());
  for (const BatchFiles::File* file : found) files.push_back(file->facts);
  wire::ListPart part = api.part(request);
  const auto [page, ends] = cut(std::move(files), part);
  http::ServerResponse response;
  core::JsonWriter w(response.body);
  api.files->write_list(w, page, ends, base_of(request));
  return response;
}

Batches::Served Batches::list_jobs(const wire::BatchApi& api, const http::ServerRequest& request,
                                   Moment at) {
  std::vector<wire::BatchJob> found;
  for (auto job = jobs_.rbegin(); job != jobs_.rend(); ++job) {
    const bool listed = at.now - (*job)->created.now >= options_.batch.unlisted;
    if ((*job)->api != &api || !listed) continue;
    wire::BatchJob shown = view(**job, request, at);
    if (!api.listed || api.listed(shown, request)) found.push_back(std::move(shown));
  }
  const auto [page, ends] = cut(std::move(found), api.part(request));
  http::ServerResponse response;
  core::JsonWriter w(response.body);
  api.write_list(w, page, ends);
  return response;
}

}  // namespace sluice::mock
