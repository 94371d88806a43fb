#include "checkpoint/block.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <new>

#include "store/bytes.h"

namespace sluice::checkpoint {
namespace {

constexpr std::size_t kRecord = 36;
constexpr std::size_t kQuestionAt = 16;
constexpr std::size_t kTailAt = 32;
constexpr std::size_t kChecksum = 8;
constexpr std::size_t kPair = 8;
constexpr std::uint32_t kReject = 1U << 24;
constexpr std::uint32_t kRepeat = 1U << 25;
constexpr std::uint32_t kWithdrawn = 1U << 26;
constexpr std::uint32_t kRowNamed = 1U << 27;
constexpr std::uint32_t kQuestionNamed = 1U << 28;

// zstd's best: 128 KiB from an RLE block of 4 bytes. More than that is a lie, and no reason to
// allocate.
constexpr std::uint64_t kMaxRatio = 32768;
constexpr std::uint64_t kFrameOverhead = 64 * 1024;

constexpr int kCompressionLevel = 1;

std::string encoded_hash(const core::Hash128& hash) {
  std::string bytes;
  store::put(bytes, hash);
  return bytes;
}

}  // namespace

std::optional<BlockKeys> BlockKeys::decode(std::string bytes) {
  if (bytes.size() < kChecksum || (bytes.size() - kChecksum) % kRecord != 0) return std::nullopt;
  const std::size_t records = bytes.size() - kChecksum;
  if (store::get<std::uint64_t>(bytes.data() + records) !=
      core::hash128(std::string_view(bytes).substr(0, records)).low)
    return std::nullopt;
  BlockKeys keys;
  keys.bytes_ = std::move(bytes);
  keys.count_ = records / kRecord;
  return keys;
}

KeyRecord BlockKeys::at(std::size_t i) const {
  const char* record = bytes_.data() + i * kRecord;
  const auto tail = store::get<std::uint32_t>(record + kTailAt);
  return {.row = store::get_hash(record),
          .question = store::get_hash(record + kQuestionAt),
          .model = tail & kMaxModelId,
          .kind = (tail & kReject) != 0 ? store::Kind::reject : store::Kind::answer,
          .repeat = (tail & kRepeat) != 0,
          .withdrawn = (tail & kWithdrawn) != 0,
          .old_row = (tail & kRowNamed) == 0,
          .old_question = (tail & kQuestionNamed) == 0};
}

void BlockKeys::mark(std::size_t i, std::uint32_t bits) {
  char* tail = bytes_.data() + i * kRecord + kTailAt;
  const std::uint32_t marked = store::get<std::uint32_t>(tail) | bits;
  std::memcpy(tail, &marked, sizeof marked);
}

void BlockKeys::withdraw(std::size_t i) {
  mark(i, kWithdrawn);
}

void BlockKeys::rename_row(std::size_t i, const core::Hash128& name) {
  bytes_.replace(i * kRecord, sizeof name, encoded_hash(name));
  mark(i, kRowNamed);
}

void BlockKeys::rename_question(std::size_t i, const core::Hash128& name) {
  bytes_.replace(i * kRecord + kQuestionAt, sizeof name, encoded_hash(name));
  mark(i, kQuestionNamed);
}

std::string BlockKeys::encoded() const {
  std::string bytes = bytes_.substr(0, count_ * kRecord);
  store::put(bytes, core::hash128(bytes).low);
  return bytes;
}

std::size_t BlockKeys::find(const core::Hash128& question, std::size_t from) const {
  for (std::size_t i = from; i < count_; ++i) {
    const char* record = bytes_.data() + i * kRecord;
    if (store::get<std::uint64_t>(record + kQuestionAt) == question.high &&
        store::get<std::uint64_t>(record + kQuestionAt + 8) == question.low &&
        (store::get<std::uint32_t>(record + kTailAt) & (kReject | kQuestionNamed)) ==
            kQuestionNamed)
      return i;
  }
  return count_;
}

std::optional<BlockLines> BlockLines::decode(std::string_view payload, const BlockKeys& keys) {
  const unsigned long long size = ZSTD_getFrameContentSize(payload.data(), payload.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ||
      size > payload.size() * kMaxRatio + kFrameOverhead || size < keys.size() * kPair)
    return std::nullopt;
  BlockLines block;
  block.text_.resize(size);
  const std::size_t got = ZSTD_decompress(block.text_.data(), size, payload.data(), payload.size());
  if (ZSTD_isError(got) != 0 || got != size) return std::nullopt;

  block.answers_at_ = keys.size() * kPair;
  std::size_t left = size - block.answers_at_;
  std::size_t answers = 0;
  block.lines_.reserve(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const char* pair = block.text_.data() + i * kPair;
    const Line line{0, store::get<std::uint32_t>(pair), store::get<std::uint32_t>(pair + 4)};
    if (line.length >= left || line.answer_at > line.length) return std::nullopt;
    left -= line.length + std::size_t{1};
    if (keys.at(i).kind == store::Kind::answer) answers += line.length + std::size_t{1};
    block.lines_.push_back(line);
  }
  if (left != 0) return std::nullopt;

  block.rejects_at_ = block.answers_at_ + answers;
  std::size_t answer = block.answers_at_;
  std::size_t reject = block.rejects_at_;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::size_t& next = keys.at(i).kind == store::Kind::answer ? answer : reject;
    Line& line = block.lines_[i];
    line.at = next;
    next += line.length + std::size_t{1};
    if (block.text_[next - 1] != '\n') return std::nullopt;
  }
  return block;
}

std::string BlockLines::standing(const BlockKeys& keys, store::Kind kind) const {
  std::string standing;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const KeyRecord record = keys.at(i);
    if (record.kind == kind && !record.withdrawn) standing.append(line(i)).append("\n");
  }
  return standing;
}

std::string_view BlockLines::line(std::size_t i) const {
  return std::string_view(text_).substr(lines_[i].at, lines_[i].length);
}

BlockBuilder::BlockBuilder() : zstd_(ZSTD_createCCtx()) {
  if (!zstd_) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_compressionLevel, kCompressionLevel);
  ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_checksumFlag, 1);
}

BlockBuilder::~BlockBuilder() = default;

void BlockBuilder::FreeContext::operator()(ZSTD_CCtx_s* context) const {
  ZSTD_freeCCtx(context);
}

bool BlockBuilder::full() const {
  return answers_count_ + rejects_count_ >= kBlockEntries ||
         answers_.size() + rejects_.size() >= kBlockBytes;
}

void BlockBuilder::add(const store::Entry& entry, std::uint32_t model, bool repeat) {
  const bool reject = entry.kind == store::Kind::reject;
  store::put(keys_, entry.row);
  store::put(keys_, entry.question);
  store::put(keys_, model | (reject ? kReject : 0) | (repeat ? kRepeat : 0) |
                        (entry.old_names ? 0 : kRowNamed | kQuestionNamed));
  store::put(table_, static_cast<std::uint32_t>(entry.line.size()));
  store::put(table_, entry.answer_at);
  std::string& lines = reject ? rejects_ : answers_;
  lines += entry.line;
  lines += '\n';
  ++(reject ? rejects_count_ : answers_count_);
}

core::Result<BlockBuilder::Block> BlockBuilder::finish() {
  Block block;
  store::put(keys_, core::hash128(keys_).low);
  block.keys = keys_;
  raw_.assign(table_).append(answers_).append(rejects_);
  block.payload.resize(ZSTD_compressBound(raw_.size()));
  const std::size_t size = ZSTD_compress2(zstd_.get(), block.payload.data(), block.payload.size(),
                                          raw_.data(), raw_.size());
  if (ZSTD_getErrorCode(size) == ZSTD_error_memory_allocation) throw std::bad_alloc();
  if (ZSTD_isError(size) != 0)
    return core::fail(core::ErrorCode::internal,
                      std::string("compressing a block failed: ") + ZSTD_getErrorName(size));
  block.payload.resize(size);
  block.answers = std::move(answers_);
  block.rejects = std::move(rejects_);
  block.answers_count = answers_count_;
  block.rejects_count = rejects_count_;
  keys_.clear();
  table_.clear();
  answers_.clear();
  rejects_.clear();
  answers_count_ = rejects_count_ = 0;
  return block;
}

}  // namespace sluice::checkpoint
