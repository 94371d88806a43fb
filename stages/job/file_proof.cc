#include "job/file_proof.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_map>

#include "core/hash.h"

namespace sluice::job {
namespace {

using checkpoint::Past;
using store::Kind;

constexpr std::size_t kHashBytes = 16;
constexpr std::size_t kChunkBytes = 64 * 1024;  // read at once

core::Result<std::string> read_at(const OpenFile& file, std::uint64_t at, std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t have = 0;
  while (have < count) {
    const ssize_t got =
        ::pread(file.fd, bytes.data() + have, count - have, static_cast<off_t>(at + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return core::fail_errno("cannot read the file", errno, file.path);
    if (got == 0) break;  // it was shortened meanwhile: what is missing is held for zero
    have += static_cast<std::size_t>(got);
  }
  return bytes;
}

// `holes`: whether bytes that are zero may stand for any.
bool is_begin_of(std::string_view line, std::string_view there, bool holes) {
  return std::ranges::equal(there, line.substr(0, there.size()), [holes](char a, char b) {
    return a == b || (holes && a == '\0');  // JSON has no such byte
  });
}

// Walks the file along the lines that should stand there, one after the other.
//
// Never behind where the file was written: an optional line is taken as soon as it fits, so the walk may
// be further. Then the file has the line that is due further up, where an optional one that is equal was
// taken for it: of each text the walk has passed at least as many as are due.
class Walk {
 public:
  // `holes`: as is_begin_of() has it.
  Walk(const OpenFile& file, std::uint64_t at, bool holes) : file_(file), at_(at), holes_(holes) {}

  std::uint64_t at() const { return at_; }
  bool anything() const { return anything_; }  // any byte that is not zero
  bool at_end() const { return at_ == file_.size; }

  // Whether the file goes on with this line, or ends within it.
  core::Result<bool> take(std::string_view line, bool optional) {
    const std::size_t count = std::min<std::uint64_t>(line.size(), file_.size - at_);
    const auto there = read(count);
    if (!there) return std::unexpected(there.error());
    if (is_begin_of(line, *there, holes_)) {
      anything_ = anything_ || there->find_first_not_of('\0') != std::string_view::npos;
      at_ += count;
      if (optional) ++passed_[core::hash128(line)];
      return true;
    }
    if (optional) return true;
    const auto passed = passed_.find(core::hash128(line));
    if (passed == passed_.end() || passed->second == 0) return false;
    --passed->second;
    return true;
  }

 private:
  // What follows; valid until the next call.
  core::Result<std::string_view> read(std::size_t count) {
    if (at_ + count > chunk_at_ + chunk_.size()) {
      auto chunk = read_at(file_, at_,
                           std::min(std::max<std::uint64_t>(count, kChunkBytes), file_.size - at_));
      if (!chunk) return std::unexpected(chunk.error());
      chunk_ = std::move(*chunk);
      chunk_at_ = at_;
    }
    return std::string_view(chunk_).substr(at_ - chunk_at_, count);
  }

  const OpenFile& file_;
  std::uint64_t at_;
  const bool holes_;
  bool anything_ = false;
  std::string chunk_;  // of the file
  std::uint64_t chunk_at_ = 0;
  std::unordered_map<core::Hash128, std::uint64_t> passed_;  // optional lines that were there
};

struct MarkOfKind {
  std::uint64_t end;
  const std::string& proof;
};
MarkOfKind mark_of(const Past& past, std::size_t generation, Kind kind) {
  const store::Mark& mark = past.mark(generation);
  return kind == Kind::answer ? MarkOfKind{mark.position.answers, mark.proof.answers}
                              : MarkOfKind{mark.position.rejects, mark.proof.rejects};
}

// How far the file is what the generation would write, behind its mark or from the beginning.
core::Result<std::uint64_t> walk(const OpenFile& file, Kind kind, Past& past,
                                 std::size_t generation, Past::From from) {
  const std::uint64_t marked = mark_of(past, generation, kind).end;
  const std::uint64_t at = from == Past::From::mark ? marked : 0;
  Walk walk(file, at, at == marked);  // below a mark everything was synced
  if (walk.at_end()) return walk.at();
  auto status = past.lines(generation, kind, from,
                           [&](std::string_view line, bool optional) -> core::Result<bool> {
                             auto same = walk.take(line, optional);
                             if (!same) return same;
                             return *same && !walk.at_end();
                           });
  if (!status) return std::unexpected(status.error());
  return at > 0 || walk.anything() ? walk.at() : 0;
}

core::Result<bool> fits(const OpenFile& file, const MarkOfKind& mark) {
  if (mark.proof.empty() || mark.end > file.size) return false;
  const std::size_t count = std::min<std::uint64_t>(mark.end, kProofBytes);
  const auto last = read_at(file, mark.end - count, count);
  if (!last) return std::unexpected(last.error());
  return proof_of(*last, file.id).substr(0, kHashBytes) == mark.proof.substr(0, kHashBytes);
}

std::string bytes(std::uint64_t count) {
  return count == 1 ? "1 byte" : fmt::format("{} bytes", count);
}

bool same_file(const OpenFile& file, const MarkOfKind& mark) {
  return !mark.proof.empty() &&
         proof_of({}, file.id).substr(kHashBytes) == mark.proof.substr(kHashBytes);
}

std::unexpected<core::Error> appended_to(const OpenFile& file, std::uint64_t end) {
  return core::fail(
      core::ErrorCode::io,
      fmt::format(
          "{} at its end, behind the first {}, were not written by this job. Move them to a "
          "file of their own, or move the whole file away: it is then written anew from the "
          "checkpoint, nothing is asked twice. Nothing was changed",
          bytes(file.size - end), bytes(end)),
      file.path);
}

std::unexpected<core::Error> not_ours(const OpenFile& file, std::uint64_t written) {
  if (written == 0)
    return core::fail(core::ErrorCode::io,
                      "already holds something that this job did not write; move it away, or give "
                      "the sink another path. Nothing was changed",
                      file.path);
  return core::fail(
      core::ErrorCode::io,
      fmt::format(
          "is not what this job left there ({}; it has {}): it was edited, or is a file that "
          "this job did not write. Move it away and run again: the job's own is then "
          "written anew from the checkpoint, nothing is asked twice; or give the sink another "
          "path. Nothing was changed",
          bytes(written), bytes(file.size)),
      file.path);
}

}  // namespace

std::string proof_of(std::string_view last, const storage::FileId& id) {
  const core::Hash128 hash = core::hash128(last);
  std::string proof;
  for (const std::uint64_t word :
       {hash.high, hash.low, std::uint64_t{id.device}, std::uint64_t{id.inode}})
    proof.append(reinterpret_cast<const char*>(&word), sizeof word);
  return proof;
}

core::Result<bool> begins_with(const OpenFile& file, std::string_view text) {
  const auto there = read_at(file, 0, std::min<std::uint64_t>(text.size(), file.size));
  if (!there) return std::unexpected(there.error());
  return is_begin_of(text, *there, true);
}

core::Result<Proven> prove(const OpenFile& file, Kind kind, Past& past) {
  if (file.size == 0) return Proven{.as_marked = false, .unproven_from = 0};
  std::optional<std::uint64_t> own_end;  // of a file that is ours up to there
  for (std::size_t i = 0; i < past.generations(); ++i) {
    const MarkOfKind mark = mark_of(past, i, kind);
    const auto marked = fits(file, mark);
    if (!marked) return std::unexpected(marked.error());
    if (!*marked) continue;
    const auto end = walk(file, kind, past, i, Past::From::mark);
    if (!end) return std::unexpected(end.error());
    if (*end == file.size) return Proven{i == 0, file.size};
    if (i == 0 && past.may_have_lost() && (*end > 0 || same_file(file, mark)))
      return Proven{true, *end};
    if (mark.end > 0) own_end = std::max(own_end.value_or(0), *end);
  }
  // Shorter than it was, or without a proof.
  for (std::size_t i = 0; i < past.generations(); ++i) {
    const auto end = walk(file, kind, past, i, Past::From::beginning);
    if (!end) return std::unexpected(end.error());
    const bool to_the_mark = i == 0 && *end >= mark_of(past, 0, kind).end;
    if (*end == file.size) return Proven{to_the_mark, *end};
    if (to_the_mark && *end > 0 && past.may_have_lost()) return Proven{true, *end};
  }
  if (own_end) return appended_to(file, *own_end);
  return not_ours(file, past.generations() == 0 ? 0 : mark_of(past, 0, kind).end);
}

}  // namespace sluice::job
