// Whether what stands in an open file is what this job wrote there, by reading: decided before a
// byte of it is cut.
//
// The proof kept at a position is the hash of the last kProofBytes before it, and which file it is.
// The bytes decide: a copy, or a file that was renamed, is known again, and other bytes in the same
// file are not; an edit of the same length further up than that is not noticed. What stands behind
// the position must be what the checkpoint would write again there (the run was killed), up to an
// end in the middle; bytes that are zero are pages that a power cut has lost. Without a proof the
// whole file is held against the checkpoint.
//
// Threads: one. Memory: a block of the checkpoint, and kProofBytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "checkpoint/projection.h"
#include "core/error.h"
#include "storage/file_lock.h"

namespace sluice::job {

constexpr std::size_t kProofBytes = 64 * 1024;

// `last`: the last min(position, kProofBytes) bytes before the position.
std::string proof_of(std::string_view last, const storage::FileId& id);

struct OpenFile {
  int fd = -1;
  std::string path;
  std::uint64_t size = 0;
  storage::FileId id;
};

struct Proven {
  // It reaches the latest mark, and is what stood there then; else it is an empty file, one of an
  // earlier generation, or the beginning of this one.
  bool as_marked = false;
  // From here on it is not what the checkpoint has, but the machine went down under a run whose
  // last commits that may have lost (Past::may_have_lost).
  std::uint64_t unproven_from = 0;  // the file's size where there is no such thing
};

// Whether the file begins with this, or ends within it. Bytes that are zero may stand for any.
core::Result<bool> begins_with(const OpenFile& file, std::string_view text);

// ErrorCode::io, with what to do, when something in it is not this job's.
core::Result<Proven> prove(const OpenFile& file, store::Kind kind, checkpoint::Past& past);

}  // namespace sluice::job
