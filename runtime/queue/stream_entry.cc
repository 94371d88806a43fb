#include "queue/stream_entry.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "core/json.h"

namespace sluice::queue {
namespace {

constexpr std::pair<int, int> kOldest{6, 2};  // XPENDING with IDLE, ranges without their first

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
  const std::string* found = nullptr;
  for (std::size_t i = 0; i + 1 < fields.items.size(); i += 2)
    if (fields.items[i].text == name) found = &fields.items[i + 1].text;
  return found;
}

}  // namespace

std::optional<Message> read_entry(const redis::Reply& reply, const std::string& field) {
  using Type = redis::Reply::Type;
  if (reply.type != Type::array || reply.items.size() != 2 || reply.items[0].type != Type::text ||
      reply.items[1].type != Type::array)
    return std::nullopt;
  const redis::Reply& fields = reply.items[1];
  Message message;
  message.id = reply.items[0].text;
  const std::string* whole = field.empty() ? nullptr : find_field(fields, field);
  message.text = whole != nullptr ? *whole : object_of(fields);
  if (!field.empty() && whole == nullptr)
    message.reject = core::Reject{core::Stage::read,
                                  "no_field",
                                  fmt::format("entry {} has no field '{}'", message.id, field),
                                  {}};
  return message;
}

std::optional<std::string> too_old(std::string_view info) {
  constexpr std::string_view kLine = "redis_version:";
  const std::size_t at = info.find(kLine);
  if (at == info.npos) return std::nullopt;
  const std::string_view text =
      info.substr(at + kLine.size(), info.find_first_of("\r\n", at) - at - kLine.size());
  const char* const end = text.data() + text.size();
  std::pair<int, int> release{0, 0};
  const auto major = std::from_chars(text.data(), end, release.first);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
  std::from_chars(major.ptr + 1, end, release.second);
  if (release >= kOldest) return std::nullopt;
  return fmt::format("the server is Redis {}, and rows of a stream need {}.{} or later", text,
                     kOldest.first, kOldest.second);
}

}  // namespace sluice::queue
