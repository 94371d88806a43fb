// A block: a few hundred entries as two blobs, narrow keys apart from the lines, so that start-up
// reads only the keys. Decoders are safe on any bytes.
//
// Format (all integers little-endian; see user_version in store.cc for the version):
//
//   keys     := record* checksum
//   record   := row:16 question:16 tail:u32            36 bytes; hashes as high:u64 low:u64
//   tail     := model id (bits 0-23) | reject << 24 | repeat << 25 | withdrawn << 26
//               | row named << 27 | question named << 28
//   checksum := the low 64 bits of hash128(record*)
//
//   payload  := one zstd frame, with content size and checksum, of
//               (length:u32 answer_at:u32)*            one pair per record, in its order
//               (answer line '\n')*                    of the records that are answers, in order
//               (reject line '\n')*                    of the others
//
// So the texts that go to the projection stand in one piece each. Example: the answer {"a":1} with
// answer_at 1 to a row, and the reject {} make 2 * 36 + 8 bytes of keys, and a payload of
//
//   07 00 00 00  01 00 00 00   02 00 00 00  00 00 00 00   {"a":1}\n   {}\n
//
// `repeat` marks an answer whose question was answered by the same model in an earlier entry: the
// question index takes only the first, or equal questions would fill it. `withdrawn` marks an entry
// whose line is no longer projected: a reject whose row was taken back (redo.h) and is pending
// again, or a row that has left the input (missing.h), whose answer is found by its question all the
// same. A row or question that is not `named` has its name from formats 1 to 4, which was no core::name128
// (old_names.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "store/records.h"

struct ZSTD_CCtx_s;

namespace sluice::checkpoint {

// A block is closed at whichever comes first. Large enough that a block's own cost (two inserts)
// vanishes among its entries, small enough that one stored answer is found in some 0.1 ms.
constexpr std::size_t kBlockEntries = 512;
constexpr std::size_t kBlockBytes = 64 * 1024;

constexpr std::uint32_t kMaxModelId = (1U << 24) - 1;

struct KeyRecord {
  core::Hash128 row;
  core::Hash128 question;
  std::uint32_t model = 0;
  store::Kind kind = store::Kind::answer;
  bool repeat = false;
  bool withdrawn = false;
  bool old_row = false;       // `row` is a name as formats 1 to 4 gave it
  bool old_question = false;  // `question` is
  friend bool operator==(const KeyRecord&, const KeyRecord&) = default;
};

class BlockKeys {
 public:
  // nullopt when `bytes` is not what a BlockBuilder made.
  static std::optional<BlockKeys> decode(std::string bytes);

  std::size_t size() const { return count_; }
  KeyRecord at(std::size_t i) const;
  // The first answer at or after `from` to `question`, by its present name; size() when there is
  // none.
  std::size_t find(const core::Hash128& question, std::size_t from = 0) const;
  std::size_t bytes() const { return bytes_.size(); }

  // Change record `i`; encoded() is then to be stored.
  void withdraw(std::size_t i);
  void rename_row(std::size_t i, const core::Hash128& name);
  void rename_question(std::size_t i, const core::Hash128& name);
  std::string encoded() const;

 private:
  void mark(std::size_t i, std::uint32_t bits);

  std::string bytes_;
  std::size_t count_ = 0;
};

class BlockLines {
 public:
  static std::optional<BlockLines> decode(std::string_view payload, const BlockKeys& keys);

  // What goes to the projection: whole lines, each ended by '\n', of the entries that were not
  // withdrawn.
  std::string standing(const BlockKeys& keys, store::Kind kind) const;
  // Line `i`, without its end, and where the answer's members begin in it.
  std::string_view line(std::size_t i) const;
  std::uint32_t answer_at(std::size_t i) const { return lines_[i].answer_at; }
  std::size_t bytes() const { return text_.size(); }

 private:
  struct Line {
    std::size_t at;
    std::uint32_t length;
    std::uint32_t answer_at;
  };
  std::string text_;
  std::vector<Line> lines_;
  std::size_t answers_at_ = 0;
  std::size_t rejects_at_ = 0;  // where the answers end
};

// Makes blocks, one after the other. One thread.
class BlockBuilder {
 public:
  BlockBuilder();
  ~BlockBuilder();

  bool empty() const { return answers_count_ + rejects_count_ == 0; }
  bool full() const;
  void add(const store::Entry& entry, std::uint32_t model, bool repeat);

  struct Block {
    std::string keys;
    std::string payload;
    std::string answers;  // lines for the projection
    std::string rejects;
    std::uint32_t answers_count = 0;
    std::uint32_t rejects_count = 0;
  };
  // The block of all that was added; the builder is then empty again.
  core::Result<Block> finish();

 private:
  std::string keys_;
  std::string table_;
  std::string answers_;
  std::string rejects_;
  std::string raw_;
  std::uint32_t answers_count_ = 0;
  std::uint32_t rejects_count_ = 0;
  struct FreeContext {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, FreeContext> zstd_;
};

}  // namespace sluice::checkpoint
