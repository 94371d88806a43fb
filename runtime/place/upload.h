// An object that appears whole or not at all: its bytes go to the server as parts that nobody sees, and the last request
// of finish() puts them into place together. A small one is one request. Without finish() the parts are taken back; those
// of a process that was killed stay, unseen, until a rule of the bucket removes them (docs/data.md, Places).
//
// Threads: one.
//
// Invariants:
//   1. The object is as it was until finish(), and as it was written after; never in between.
//   2. Memory: three parts (Settings::part_bytes): one is filled while two are on their way.
#pragma once

#include <memory>

#include "core/error.h"
#include "place/servers.h"
#include "place/uri.h"
#include "place/web.h"
#include "storage/atomic_file.h"

namespace sluice::place {

struct ObjectWrite {
  std::shared_ptr<Web> web;
  Service service;
  Uri uri;
  std::size_t part_bytes = 0;
};

std::unique_ptr<storage::AtomicFile> create_object(ObjectWrite to);

// Whether the object may be written, found out by an upload that is begun and taken back: nothing is seen of it.
core::Status try_write(const ObjectWrite& to);

}  // namespace sluice::place
