// An entry of a stream as a row: its fields as the members of a JSON object, or one of them, which holds the object
// as text.
//
// Threads: any. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/reject.h"
#include "redis/reply.h"

namespace sluice::queue {

struct Entry {
  std::string id;       // "1700000000000-0"
  redis::Reply fields;  // an array: name, value, name, value
  std::uint64_t deliveries = 1;
  std::string taken_from = {};  // the consumer that had it before; empty: none other
};

// Entry of a reply's [id, fields]; nothing where it is not one, or where the entry has been deleted (its fields are nil).
std::optional<Entry> read_entry(redis::Reply&& reply);

struct EntryRow {
  std::string text;
  std::optional<core::Reject> reject;  // then `text` is what the entry holds
};
// `field`: as Spec's. More deliveries than `max_deliveries` are a reject.
EntryRow row_of(const Entry& entry, const std::string& field, std::uint64_t max_deliveries);

}  // namespace sluice::queue
