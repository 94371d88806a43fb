// One file of the sink: proven to be the job's, held for this run alone, then appended to.
//
// Threads: sync() on one at a time, which may be another, beside the rest, which is on one.
//
// Invariants:
//   1. Until cut() nothing in the file is changed. Whoever has two of them proves both first.
//   2. What another program appends, cuts or puts in its place while the run has it is noticed
//      before anything more is written, and is not written over.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "checkpoint/projection.h"
#include "core/error.h"
#include "job/file_proof.h"
#include "storage/file_lock.h"

namespace sluice::job {

// Something that a person should know and that ends nothing.
using Notice = std::function<void(std::string text)>;

class AppendFile {
 public:
  explicit AppendFile(std::string path) : path_(std::move(path)) {}
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  // Makes the file, and folders that lead to it, where it is missing, and locks it. ErrorCode::busy
  // when another run has it.
  core::Status open();
  const storage::FileId& id() const { return file_.id; }
  core::Result<Proven> prove(store::Kind kind, checkpoint::Past& past) const;
  // As job::begins_with() has it.
  core::Result<bool> begins_with(std::string_view text) const {
    return job::begins_with(file_, text);
  }
  // Ready to append at `size`. What stands from `proven.unproven_from` on is kept in a file of its
  // own, "<path>.unproven", which `notice` names. Makes the file's name durable.
  core::Status cut(std::uint64_t size, const Proven& proven, const Notice& notice);

  core::Status append(std::string_view bytes);
  core::Status write_out();
  core::Status sync() const;
  std::uint64_t size() const { return file_.size; }  // as written out
  std::string proof() const { return proof_of(last_, file_.id); }
  const std::string& path() const { return path_; }

 private:
  core::Status untouched() const;
  core::Status keep_unproven(std::uint64_t from, const Notice& notice) const;
  core::Status failed(std::string_view what, int error) const;

  const std::string path_;
  OpenFile file_;
  std::string buffer_;  // not written out yet
  std::string last_;    // the last kProofBytes at most of what was written out
};

}  // namespace sluice::job
