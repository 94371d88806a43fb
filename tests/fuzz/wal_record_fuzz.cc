// The decoder of the write-ahead log's records survives any bytes, and what it accepts is written and read
// again as the same.
//
// Input: a kind, then a payload, whose header is made to fit so that the search gets past the
// checksum. The input as it is, too.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "core/hash.h"
#include "store/bytes.h"
#include "wal/record.h"

namespace {

using namespace sluice;

void require(bool holds) {
  if (!holds) std::abort();
}

// The format of wal/record.h.
std::string record_of(std::uint8_t kind, std::string_view payload) {
  constexpr std::uint64_t kSequence = 5;
  std::string record;
  store::put(record, static_cast<std::uint64_t>(payload.size()));
  store::put(record, kind);
  store::put(record, kSequence);
  store::put(record, core::hash128(payload).low + kind + kSequence * 0x9E3779B97F4A7C15U);
  return record.append(payload);
}

// Endpoints become their own numbers' indices.
std::string encoded(wal::Record record) {
  std::vector<std::uint32_t> numbers;
  const auto renumber = [&](std::uint32_t& endpoint) {
    numbers.push_back(endpoint);
    endpoint = static_cast<std::uint32_t>(numbers.size() - 1);
  };
  for (store::Intent& intent : record.intents) renumber(intent.endpoint);
  for (store::Settlement& settlement : record.results.settlements) renumber(settlement.endpoint);
  std::string bytes = record.intents.empty() ? wal::encode(record.results, numbers)
                                             : wal::encode(record.intents, numbers);
  wal::seal(bytes, record.sequence);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  std::string_view raw = input;
  while (wal::take_record(raw)) {
  }
  if (input.empty()) return 0;
  const std::string whole = record_of(static_cast<std::uint8_t>(input[0]), input.substr(1));
  std::string_view bytes = whole;
  const auto record = wal::take_record(bytes);
  require(bytes.size() == (record ? 0 : whole.size()));
  if (!record) return 0;
  for (const store::Entry& entry : record->results.entries)
    require(entry.answer_at <= entry.line.size());
  const std::string once = encoded(*record);
  std::string_view rest = once;
  const auto again = wal::take_record(rest);
  require(again && rest.empty() && again->sequence == record->sequence);
  require(again->intents.size() == record->intents.size());
  require(again->results.entries.size() == record->results.entries.size());
  require(encoded(*again) == once);
  return 0;
}
