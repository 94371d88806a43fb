// The decoders of a checkpoint's block survive any bytes, and what they accept agrees with itself:
// the lines are those of the projection's text, and a block built from them decodes to the same.
//
// Input: a count of key records, one byte each for kind, repeat and naming, then the payload; the
// keys' checksum is made to fit, so that the search gets past it. Half of the inputs have their
// payload compressed here, so that it gets past zstd's frame too.
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "checkpoint/block.h"
#include "core/hash.h"

namespace {

using namespace sluice;
using namespace sluice::checkpoint;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string keys_of(std::string_view shape) {
  std::string keys;
  for (const char c : shape) {
    keys.append(32, c);
    const int kind_and_repeat = c & 3;
    const int named = (c & 4) != 0 ? 0x18 : 0;  // row and question both, or neither, as add() does
    keys.append({c, 0, 0, static_cast<char>(kind_and_repeat | named)});
  }
  const std::uint64_t checksum = core::hash128(keys).low;
  keys.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  return keys;
}

std::string compressed(std::string_view raw) {
  std::string out(ZSTD_compressBound(raw.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), 1));
  return out;
}

void rebuild_and_compare(const BlockKeys& keys, const BlockLines& lines) {
  BlockBuilder builder;
  std::string answers;
  std::string rejects;
  std::string standing_answers;
  std::string standing_rejects;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const KeyRecord record = keys.at(i);
    store::Entry entry;
    entry.row = record.row;
    entry.question = record.question;
    entry.kind = record.kind;
    entry.old_names = record.old_row;
    entry.line = lines.line(i);
    entry.answer_at = lines.answer_at(i);
    require(entry.answer_at <= entry.line.size());
    (record.kind == store::Kind::answer ? answers : rejects) += entry.line + '\n';
    if (!record.withdrawn)
      (record.kind == store::Kind::answer ? standing_answers : standing_rejects) +=
          entry.line + '\n';
    builder.add(entry, record.model, record.repeat);
  }
  require(standing_answers == lines.standing(keys, store::Kind::answer));
  require(standing_rejects == lines.standing(keys, store::Kind::reject));
  const auto block = builder.finish();
  require(block.has_value() && block->answers == answers && block->rejects == rejects);
  const auto keys_again = BlockKeys::decode(block->keys);
  require(keys_again && keys_again->size() == keys.size());
  const auto lines_again = BlockLines::decode(block->payload, *keys_again);
  require(lines_again.has_value());
  for (std::size_t i = 0; i < keys.size(); ++i)
    require(keys_again->at(i) == keys.at(i) && lines_again->line(i) == lines.line(i));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  static_cast<void>(BlockKeys::decode(std::string(input)));
  if (input.size() < 2) return 0;
  const bool raw = (input[0] & 1) != 0;
  const std::size_t count =
      std::min<std::size_t>(static_cast<unsigned char>(input[1]) % 16, input.size() - 2);
  const auto keys = BlockKeys::decode(keys_of(input.substr(2, count)));
  require(keys && keys->size() == count);
  const std::string_view rest = input.substr(2 + count);
  const auto lines = BlockLines::decode(raw ? compressed(rest) : std::string(rest), *keys);
  if (lines) rebuild_and_compare(*keys, *lines);
  return 0;
}
