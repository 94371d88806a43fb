// Where the rows of a job come from, by its pipeline file: here place, compression, format and table
// meet, which know nothing of each other. A new kind of source is a file beside this one and a line in
// open().
//
// Threads: any.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "format/format_options.h"
#include "format/record_source.h"
#include "queue/spec.h"
#include "storage/file_lock.h"
#include "table/spec.h"

namespace sluice::place {
class Places;
}

namespace sluice::source {

struct Spec {
  std::vector<std::string>
      paths;  // files and globs, in order; "-" = standard input; .gz and .zst are inflated
  format::FormatOptions format;
  std::shared_ptr<place::Places> places =
      {};  // that remote names are of; none: as nothing is said of them
  // One of these is read where `paths` is empty.
  std::optional<table::Spec> table = {};
  std::optional<queue::Spec> queue = {};
};

// For people: the paths and patterns, or the table or queue.
std::vector<std::string> shown_names(const Spec& spec);

// What `spec` names now, in order: each is opened by its name. ErrorCode::io for a pattern that names
// nothing.
core::Result<std::vector<std::string>> names_of(const Spec& spec);

// The size of the `names` of `spec` together, in the unit of format::RecordSource::passed(); nullopt when one of them has
// none.
std::optional<std::uint64_t> total_bytes(const Spec& spec, const std::vector<std::string>& names);

// names[next] and those behind it will be opened soon.
void expect(const Spec& spec, const std::vector<std::string>& names, std::size_t next);

// `written`: files that the job itself writes, which are refused under whatever name.
core::Result<std::unique_ptr<format::RecordSource>> open(
    const Spec& spec, const std::string& name, std::span<const storage::FileId> written = {});

}  // namespace sluice::source
