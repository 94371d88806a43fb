#include "wal/record.h"

#include <cstring>

#include "store/bytes.h"

namespace sluice::wal {
namespace {

enum class RecordKind : std::uint8_t { intents = 1, results = 2, results_with_batches = 3 };

constexpr std::size_t kKindAt = 8;
constexpr std::size_t kSequenceAt = 9;
constexpr std::size_t kChecksumAt = 17;
constexpr std::size_t kHeaderBytes = 25;
constexpr std::size_t kIntentBytes = 36;
constexpr std::size_t kSettlementBytes = 69;
constexpr std::size_t kEntryBytes = 45;  // its texts apart

constexpr std::uint8_t kAnswered = 1;
constexpr int kBillingShift = 1;
constexpr std::uint8_t kBillingMask = 3;
constexpr std::uint8_t kCharged = 8;
constexpr std::uint8_t kNamed = 2;  // beside an entry's kind: its names are not old ones

template <class Int>
void overwrite(std::string& out, std::size_t at, Int value) {
  std::memcpy(out.data() + at, &value, sizeof value);
}

std::uint64_t checksum_of(std::uint64_t payload, std::uint8_t kind, std::uint64_t sequence) {
  return payload + kind + sequence * 0x9E3779B97F4A7C15U;
}

std::string begin_record(std::size_t payload) {
  std::string record;
  record.reserve(kHeaderBytes + payload);
  record.resize(kHeaderBytes);
  return record;
}

// Everything but the sequence; the checksum without its part.
std::string end_record(std::string record, RecordKind kind) {
  const std::string_view payload = std::string_view(record).substr(kHeaderBytes);
  overwrite(record, 0, static_cast<std::uint64_t>(payload.size()));
  overwrite(record, kKindAt, kind);
  overwrite(record, kChecksumAt,
            checksum_of(core::hash128(payload).low, static_cast<std::uint8_t>(kind), 0));
  return record;
}

void put_settlement(std::string& out, const store::Settlement& s, EndpointNumbers numbers) {
  store::put(out, s.attempt);
  store::put(out, numbers[s.endpoint]);
  store::put(out, static_cast<std::uint8_t>((s.answered ? kAnswered : 0) |
                                            static_cast<int>(s.billing) << kBillingShift |
                                            (s.charged ? kCharged : 0)));
  store::put(out, s.cost.picodollars());
  store::put(out, s.estimate.picodollars());
  store::put(out, s.charged.value_or(core::Money()).picodollars());
  store::put(out, s.usage.input);
  store::put(out, s.usage.cached_input);
  store::put(out, s.usage.output);
  store::put(out, s.usage.reasoning);
}

store::Settlement settlement_at(const char* at) {
  const auto flags = store::get<std::uint8_t>(at + 12);
  const auto money = [&](std::size_t offset) {
    return core::Money::picodollars(store::get<std::int64_t>(at + offset));
  };
  store::Settlement s{
      .attempt = store::get<std::uint64_t>(at),
      .endpoint = store::get<std::uint32_t>(at + 8),
      .answered = (flags & kAnswered) != 0,
      .billing = static_cast<provider::Billing>(flags >> kBillingShift & kBillingMask),
      .usage = {.input = store::get<std::uint64_t>(at + 37),
                .cached_input = store::get<std::uint64_t>(at + 45),
                .output = store::get<std::uint64_t>(at + 53),
                .reasoning = store::get<std::uint64_t>(at + 61)},
      .cost = money(13),
      .estimate = money(21)};
  if ((flags & kCharged) != 0) s.charged = money(29);
  return s;
}

void put_entry(std::string& out, const store::Entry& entry) {
  store::put(out, entry.row);
  store::put(out, entry.question);
  store::put(out, static_cast<std::uint8_t>(static_cast<std::uint8_t>(entry.kind) |
                                            (entry.old_names ? 0 : kNamed)));
  store::put(out, entry.answer_at);
  store::put(out, static_cast<std::uint32_t>(entry.model.size()));
  store::put(out, static_cast<std::uint32_t>(entry.line.size()));
  out += entry.model;
  out += entry.line;
}

std::optional<store::Entry> take_entry(std::string_view& bytes) {
  if (bytes.size() < kEntryBytes) return std::nullopt;
  const char* at = bytes.data();
  store::Entry entry{
      .row = store::get_hash(at), .question = store::get_hash(at + 16), .model = {}, .line = {}};
  const auto kind = store::get<std::uint8_t>(at + 32);
  if (kind > (static_cast<std::uint8_t>(store::Kind::reject) | kNamed)) return std::nullopt;
  entry.kind = static_cast<store::Kind>(kind & ~kNamed);
  entry.old_names = (kind & kNamed) == 0;
  entry.answer_at = store::get<std::uint32_t>(at + 33);
  const std::size_t model = store::get<std::uint32_t>(at + 37);
  const std::size_t line = store::get<std::uint32_t>(at + 41);
  bytes.remove_prefix(kEntryBytes);
  if (bytes.size() < model + line || entry.answer_at > line) return std::nullopt;
  entry.model = bytes.substr(0, model);
  entry.line = bytes.substr(model, line);
  bytes.remove_prefix(model + line);
  return entry;
}

std::optional<std::vector<store::Intent>> decode_intents(std::string_view bytes) {
  if (bytes.size() % kIntentBytes != 0) return std::nullopt;
  std::vector<store::Intent> intents;
  for (const char* at = bytes.data(); at != bytes.data() + bytes.size(); at += kIntentBytes)
    intents.push_back({.attempt = store::get<std::uint64_t>(at),
                       .endpoint = store::get<std::uint32_t>(at + 8),
                       .worst_cost = core::Money::picodollars(store::get<std::int64_t>(at + 12)),
                       .worst_usage = {.input = store::get<std::uint64_t>(at + 20),
                                       .output = store::get<std::uint64_t>(at + 28)}});
  return intents;
}

std::optional<store::Results> decode_results(std::string_view bytes) {
  if (bytes.size() < 4) return std::nullopt;
  const std::size_t settlements = store::get<std::uint32_t>(bytes.data());
  bytes.remove_prefix(4);
  if (bytes.size() / kSettlementBytes < settlements) return std::nullopt;
  store::Results results;
  for (std::size_t i = 0; i < settlements; ++i) {
    results.settlements.push_back(settlement_at(bytes.data()));
    if (results.settlements.back().billing > provider::Billing::none) return std::nullopt;
    bytes.remove_prefix(kSettlementBytes);
  }
  while (!bytes.empty()) {
    auto entry = take_entry(bytes);
    if (!entry) return std::nullopt;
    results.entries.push_back(std::move(*entry));
  }
  return results;
}

std::optional<store::Results> decode_results_with_batches(std::string_view bytes) {
  const auto count_at = [&bytes]() -> std::optional<std::uint32_t> {
    if (bytes.size() < 4) return std::nullopt;
    const auto count = store::get<std::uint32_t>(bytes.data());
    bytes.remove_prefix(4);
    return count;
  };
  const auto batches = count_at();
  if (!batches) return std::nullopt;
  std::vector<store::BatchRecord> all;
  for (std::uint32_t i = 0; i < *batches; ++i) {
    const auto length = count_at();
    if (!length || bytes.size() < *length) return std::nullopt;
    auto batch = store::decode_batch(bytes.substr(0, *length));
    if (!batch) return std::nullopt;
    all.push_back(std::move(*batch));
    bytes.remove_prefix(*length);
  }
  auto results = decode_results(bytes);
  if (results) results->batches = std::move(all);
  return results;
}

}  // namespace

std::string encode(std::span<const store::Intent> intents, EndpointNumbers numbers) {
  std::string record = begin_record(intents.size() * kIntentBytes);
  for (const store::Intent& intent : intents) {
    store::put(record, intent.attempt);
    store::put(record, numbers[intent.endpoint]);
    store::put(record, intent.worst_cost.picodollars());
    store::put(record, intent.worst_usage.input);
    store::put(record, intent.worst_usage.output);
  }
  return end_record(std::move(record), RecordKind::intents);
}

std::string encode(const store::Results& results, EndpointNumbers numbers) {
  std::size_t bytes = 4 + results.settlements.size() * kSettlementBytes;
  for (const store::Entry& entry : results.entries)
    bytes += kEntryBytes + entry.model.size() + entry.line.size();
  std::vector<std::string> batches;
  for (const store::BatchRecord& batch : results.batches) {
    batches.push_back(store::encode(batch, numbers[batch.endpoint]));
    bytes += 4 + batches.back().size();
  }
  std::string record = begin_record(bytes + 4);
  if (!batches.empty()) store::put(record, static_cast<std::uint32_t>(batches.size()));
  for (const std::string& batch : batches) {
    store::put(record, static_cast<std::uint32_t>(batch.size()));
    record += batch;
  }
  store::put(record, static_cast<std::uint32_t>(results.settlements.size()));
  for (const store::Settlement& settlement : results.settlements)
    put_settlement(record, settlement, numbers);
  for (const store::Entry& entry : results.entries) put_entry(record, entry);
  return end_record(std::move(record),
                    batches.empty() ? RecordKind::results : RecordKind::results_with_batches);
}

void seal(std::string& record, std::uint64_t sequence) {
  overwrite(record, kSequenceAt, sequence);
  overwrite(record, kChecksumAt,
            checksum_of(store::get<std::uint64_t>(record.data() + kChecksumAt), 0, sequence));
}

std::optional<Record> take_record(std::string_view& bytes) {
  if (bytes.size() < kHeaderBytes) return std::nullopt;
  const std::size_t length = store::get<std::uint64_t>(bytes.data());
  if (bytes.size() - kHeaderBytes < length) return std::nullopt;
  const auto kind = store::get<std::uint8_t>(bytes.data() + kKindAt);
  Record record{.sequence = store::get<std::uint64_t>(bytes.data() + kSequenceAt)};
  const std::string_view payload = bytes.substr(kHeaderBytes, length);
  if (store::get<std::uint64_t>(bytes.data() + kChecksumAt) !=
      checksum_of(core::hash128(payload).low, kind, record.sequence))
    return std::nullopt;
  if (kind == static_cast<std::uint8_t>(RecordKind::intents)) {
    auto intents = decode_intents(payload);
    if (!intents) return std::nullopt;
    record.intents = std::move(*intents);
  } else if (kind == static_cast<std::uint8_t>(RecordKind::results)) {
    auto results = decode_results(payload);
    if (!results) return std::nullopt;
    record.results = std::move(*results);
  } else if (kind == static_cast<std::uint8_t>(RecordKind::results_with_batches)) {
    auto results = decode_results_with_batches(payload);
    if (!results) return std::nullopt;
    record.results = std::move(*results);
  } else {
    return std::nullopt;
  }
  bytes.remove_prefix(kHeaderBytes + length);
  return record;
}

}  // namespace sluice::wal
