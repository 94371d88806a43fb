// The bytes of a file at a server, by requests for parts of it: one is read while the next is on its way.
//
// Threads: one.
//
// Invariants:
//   1. All parts are of one version of the file: If-Match, and what the answers say of it.
//   2. Memory: two parts (Settings::range_bytes).
//   3. read() waits at most 20 ms, so that a run can stop while a server is slow.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "place/servers.h"
#include "place/uri.h"
#include "place/web.h"
#include "storage/input_file.h"

namespace sluice::place {

struct ObjectRead {
  std::shared_ptr<Web> web;
  Service service;
  Uri uri;
  std::size_t range_bytes = 0;
  std::shared_ptr<Pending> first = {};  // of ask_first(), if that was called before
};

// Asks for the first part of the object, for an open_object() that may come.
std::shared_ptr<Pending> ask_first(const ObjectRead& from);

// As the object's bytes lie there. `consumed` grows as they are read.
std::unique_ptr<storage::InputFile> open_object(ObjectRead from,
                                                std::atomic<std::uint64_t>& consumed);

// Its size in bytes, by a request for its first; ErrorCode::io when it cannot be read.
core::Result<std::uint64_t> size_of(const ObjectRead& from);

// What the server says of its version, by the same request; nullopt where there is no such object.
core::Result<std::optional<std::string>> version_of(const ObjectRead& from);

}  // namespace sluice::place
