#include "queue/entry_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/json.h"
#include "core/row.h"

namespace sluice::queue {
namespace {

// A field that stands twice has its last value.
std::string object_of(const redis::Reply& fields) {
  std::string text;
  core::JsonWriter w(text);
  w.open('{');
  for (std::size_t i = 0; i + 1 < fields.items.size(); i += 2) {
    const std::string& name = fields.items[i].text;
    bool again = false;
    for (std::size_t k = i + 2; k + 1 < fields.items.size(); k += 2)
      again = again || fields.items[k].text == name;
    if (!again) w.field(name, std::string_view(fields.items[i + 1].text));
  }
  w.close('}');
  return text;
}

const std::string* find_field(const redis::Reply& fields, const std::string& name) {
  for (std::size_t i = 0; i + 1 < fields.items.size(); i += 2)
    if (fields.items[i].text == name) return &fields.items[i + 1].text;
  return nullptr;
}

core::Reject reject(std::string reason, std::string detail) {
  return {core::Stage::read, std::move(reason), std::move(detail), {}};
}

}  // namespace

std::optional<Entry> read_entry(redis::Reply&& reply) {
  using Type = redis::Reply::Type;
  if (reply.type != Type::array || reply.items.size() != 2 || reply.items[0].type != Type::text ||
      reply.items[1].type != Type::array)
    return std::nullopt;
  return Entry{.id = std::move(reply.items[0].text), .fields = std::move(reply.items[1])};
}

EntryRow row_of(const Entry& entry, const std::string& field, std::uint64_t max_deliveries) {
  EntryRow row;
  const std::string* whole = field.empty() ? nullptr : find_field(entry.fields, field);
  if (whole != nullptr) {
    row.text = *whole;
    // A line break can only stand between the tokens of JSON.
    std::ranges::replace(row.text, '\n', ' ');
    std::ranges::replace(row.text, '\r', ' ');
  } else {
    row.text = object_of(entry.fields);
  }
  if (entry.deliveries > max_deliveries) {
    row.reject = reject("too_many_deliveries",
                        fmt::format("entry {} was delivered {} times and never acknowledged: no "
                                    "worker lived to answer it",
                                    entry.id, entry.deliveries - 1));
    if (!entry.taken_from.empty())
      row.reject->history.push_back(fmt::format("taken over from {}", entry.taken_from));
  } else if (!field.empty() && whole == nullptr) {
    row.reject = reject("no_field", fmt::format("entry {} has no field '{}'", entry.id, field));
  } else if (row.text.size() > core::kMaxRowBytes) {
    row.reject = reject("too_large",
                        fmt::format("entry {} is longer than {} MiB, the most that a row may have",
                                    entry.id, core::kMaxRowBytes >> 20));
    row.text = fmt::format("{{\"entry\":\"{}\"}}", entry.id);
  }
  return row;
}

}  // namespace sluice::queue
