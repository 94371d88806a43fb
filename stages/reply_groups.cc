#include "stages/reply_groups.h"

#include <fmt/format.h>

#include <algorithm>

#include "stages/row_ids.h"

namespace sluice::stages {
namespace {

// Of vectors, those of the rows that are there.
void keep_vectors(provider::Reply& reply, const std::vector<std::uint32_t>& positions) {
  if (reply.dimensions == 0) return;
  std::vector<float> kept;
  kept.reserve(positions.size() * reply.dimensions);
  for (const std::uint32_t position : positions) {
    const std::size_t from = position * reply.dimensions;
    if (from + reply.dimensions > reply.vectors.size()) return;  // of no use as a whole, as it is
    kept.insert(kept.end(), reply.vectors.begin() + static_cast<std::ptrdiff_t>(from),
                reply.vectors.begin() + static_cast<std::ptrdiff_t>(from + reply.dimensions));
  }
  reply.vectors = std::move(kept);
}

}  // namespace

core::Status ReplyGroups::add(Item&& item, const ParkedReplies::Found& found, Out& out) {
  auto [at, added] = groups_.try_emplace(found.line);
  Group& group = at->second;
  if (added) {
    auto questions = replies_.questions(found.line);
    if (!questions) return std::unexpected(questions.error());
    group.questions = std::move(*questions);
  }
  group.batches = std::max(group.batches, found.batches);
  group.items.emplace_back(found.position, std::move(item));
  ++waiting_;
  if (group.items.size() == group.questions.size()) {
    auto node = groups_.extract(at);
    return close(node.key(), std::move(node.mapped()), out);
  }
  while (waiting_ > most_) {
    auto node = groups_.extract(groups_.begin());
    if (auto closed = close(node.key(), std::move(node.mapped()), out); !closed) return closed;
  }
  return {};
}

core::Status ReplyGroups::flush(Out& out) {
  for (auto& [line, group] : std::exchange(groups_, {}))
    if (auto closed = close(line, std::move(group), out); !closed) return closed;
  return {};
}

core::Status ReplyGroups::close(std::uint64_t line, Group&& group, Out& out) {
  waiting_ -= group.items.size();
  std::ranges::sort(group.items, {}, [](const auto& item) { return item.first; });
  auto reply = replies_.reply(line);
  if (!reply) return std::unexpected(reply.error());
  Items items;
  std::vector<std::uint32_t> positions;
  for (auto& [position, item] : group.items) {
    positions.push_back(position);
    item.batches = group.batches;
    // Each batch that it stood in before counts as a retry.
    item.asked_again = std::max(item.asked_again, static_cast<int>(group.batches) - 1);
    items.push_back(std::move(item));
  }
  const auto action = reply->reply ? reply->reply->outcome.action : provider::Action::retry;
  if (action == provider::Action::none) {
    auto request = std::make_shared<Request>();
    for (const std::uint32_t position : positions)
      request->ids.push_back(row_id(group.questions.front(), position));
    request->items = std::move(items);
    if (positions.size() < group.questions.size()) keep_vectors(*reply->reply, positions);
    out.completions.push_back(
        {.request = std::move(request),
         .reply = std::move(*reply->reply),
         .settlement = {.attempt = 0, .endpoint = reply->endpoint, .usage = {}, .cost = {}}});
    return {};
  }
  const std::string why = fmt::format(
      "in a batch: {}", reply->reply ? reply->reply->outcome.text() : std::string_view(reply->why));
  for (Item& item : items) item.history.push_back(why);
  if (action == provider::Action::split && items.size() > 1) {
    for (Items& half : halves_of(std::move(items))) out.halves.push_back(std::move(half));
  } else if (action == provider::Action::dead || action == provider::Action::split) {
    const provider::Outcome& outcome = reply->reply->outcome;
    for (Item& item : items)
      out.rejected.emplace_back(
          std::move(item), core::Reject{.stage = core::Stage::dispatch,
                                        .reason = std::string(provider::cause_name(outcome.cause)),
                                        .detail = std::string(outcome.text()),
                                        .history = {}});
  } else {
    std::ranges::move(items, std::back_inserter(out.to_ask));
  }
  return {};
}

}  // namespace sluice::stages
