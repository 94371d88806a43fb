// An object that appears whole or not at all: its bytes go to the server as parts that nobody sees, and the last request
// of finish() puts them into place together. A small one is one request. Without finish() the parts are taken back; those
// of a process that was killed stay, unseen and paid for, until take_back() or a rule of the bucket removes them
// (docs/data.md, Places).
//
// Threads: one.
//
// Invariants:
//   1. The object is as it was until finish(), and as it was written after; never in between.
//   2. Memory: three parts (Settings::part_bytes): one is filled while two are on their way.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/error.h"
#include "place/servers.h"
#include "place/uri.h"
#include "place/web.h"
#include "storage/atomic_file.h"

namespace sluice::place {

// Is told the name that the server gave to an upload in parts, before a part is sent. An Error of it ends the write.
using UploadBegun = std::function<core::Status(const std::string& upload)>;

struct ObjectWrite {
  std::shared_ptr<Web> web;
  Service service;
  Uri uri;
  std::size_t part_bytes = 0;
  UploadBegun begun = {};
};

std::unique_ptr<storage::AtomicFile> create_object(ObjectWrite to);

// Whether the object may be written, found out by an upload that is begun and taken back: nothing is seen of it.
core::Status try_write(const ObjectWrite& to);

// Has the server drop the parts of an upload of this object that was begun and is written by nobody now. One that it
// does not know any more is no error.
core::Status take_back(const ObjectWrite& to, const std::string& upload);

}  // namespace sluice::place
