#include "stages/pack.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/json.h"
#include "provider/row_tags.h"
#include "stages/read_files.h"
#include "stages/row_ids.h"

namespace sluice::stages {
namespace {

constexpr std::size_t kBytesPerToken = 4;

// What the model sees of one row: its prompt and, when it is asked again, what was wrong. In `with`
// where it is more than the prompt.
std::string_view text_of(const Item& item, std::string& with) {
  if (item.validation_feedback.empty()) return item.prompt;
  with = item.prompt;
  with.append(provider::kFeedback).append(item.validation_feedback).append(provider::kFeedbackEnd);
  return with;
}

}  // namespace

Packer::Packer(const PipelineSpec& spec, checkpoint::Checkpoint& checkpoint, InFlight& in_flight,
               const LineWriter& lines, const PackSize& size, const TextTokens* texts,
               ParkedReplies* parked, std::size_t most_waiting)
    : spec_(spec),
      checkpoint_(checkpoint),
      in_flight_(in_flight),
      lines_(lines),
      size_(size),
      texts_(texts),
      parked_(parked) {
  if (parked != nullptr) groups_.emplace(*parked, most_waiting);
}

void Packer::Out::append(Out&& more) {
  const auto move = [](auto& from, auto& to) {
    std::move(from.begin(), from.end(), std::back_inserter(to));
  };
  move(more.requests, requests);
  move(more.entries, entries);
  move(more.rejects, rejects);
  move(more.completions, completions);
  move(more.waiting, waiting);
  move(more.dead, dead);
  move(more.done_at, done_at);
  ended += more.ended;
  done += more.done;
  shared += more.shared;
  accepted += more.accepted;
}

core::Result<Packer::Out> Packer::add(Items&& items) {
  Out out;
  for (Item& item : items) {
    const auto done = done_earlier(item);
    if (!done) return std::unexpected(done.error());
    if (item.row.accepted) ++out.accepted;
    if (*done) {
      out.done += weight_of(item);
      if (spec_.read.queue) out.done_at.push_back(item.row.place());
    } else if (item.row.accepted) {
      out.ended += weight_of(item);
      out.entries.push_back(
          lines_.answer(item, item.row.accepted->members, item.row.accepted->model));
    } else if (item.reject) {
      out.ended += weight_of(item);
      out.entries.push_back(lines_.reject(item, *item.reject));
      out.rejects.push_back(item.reject);
    } else if (auto asked = ask(std::move(item), out); !asked) {
      return std::unexpected(asked.error());
    }
  }
  return out;
}

core::Result<Packer::Out> Packer::add_followers(Items&& items) {
  Out out;
  for (Item& item : items) {
    if (auto asked = ask(std::move(item), out); !asked) return std::unexpected(asked.error());
  }
  return out;
}

core::Result<bool> Packer::done_earlier(const Item& item) {
  auto done = checkpoint_.consume_done(item.identity);
  if (!done || *done || item.old_names == nullptr) return done;
  return checkpoint_.consume_done_by_old_name(*item.old_names, {item.identity, item.question});
}

core::Result<std::optional<checkpoint::StoredAnswer>> Packer::stored_answer(const Item& item) {
  auto stored = checkpoint_.find_answer(item.question);
  if (!stored || *stored || item.old_names == nullptr) return stored;
  return checkpoint_.find_answer_by_old_name(*item.old_names, {item.identity, item.question});
}

core::Status Packer::ask(Item&& item, Out& out) {
  if (!in_flight_.lead_or_follow(item)) return {};
  auto stored = stored_answer(item);
  if (!stored) return std::unexpected(stored.error());
  if (!*stored) {
    const auto found = parked_ != nullptr ? parked_->find(item.question)
                                          : core::Result<std::optional<ParkedReplies::Found>>();
    if (!found) return std::unexpected(found.error());
    if (*found) return ask_parked(std::move(item), **found, out);
    const bool alone = goes_alone(item);
    if (first_ == First::out || (first_ == First::to_be_made && alone)) {
      waiting_.push_back(std::move(item));
    } else {
      put_new(std::move(item), out);
    }
    return {};
  }
  in_flight_.take(item.question);  // nothing is asked: who comes next finds the answer as well
  out.ended += weight_of(item);
  out.entries.push_back(lines_.answer(item, (*stored)->members, (*stored)->model));
  ++out.shared;
  return {};
}

core::Status Packer::ask_parked(Item&& item, const ParkedReplies::Found& found, Out& out) {
  using Where = ParkedReplies::Found::Where;
  item.batches = found.batches;
  if (found.where == Where::out) {
    out.waiting.push_back(std::move(item));
    return {};
  }
  if (found.where == Where::unanswered) {
    put_new(std::move(item), out);
    return {};
  }
  ReplyGroups::Out groups;
  if (auto added = groups_->add(std::move(item), found, groups); !added) return added;
  take(std::move(groups), out);
  return {};
}

void Packer::take(ReplyGroups::Out&& groups, Out& out) {
  std::move(groups.completions.begin(), groups.completions.end(),
            std::back_inserter(out.completions));
  for (Item& item : groups.to_ask) put_new(std::move(item), out);
  for (Items& half : groups.halves) out.append(add_half(std::move(half)));
  for (auto& [item, why] : groups.rejected) {
    why.history = item.history;
    out.ended += weight_of(item);
    out.entries.push_back(lines_.reject(item, why));
    out.dead.emplace_back(item.question, std::move(why));
  }
}

core::Result<Packer::Out> Packer::flush_replies() {
  Out out;
  if (!groups_ || groups_->empty()) return out;
  ReplyGroups::Out groups;
  if (auto flushed = groups_->flush(groups); !flushed) return std::unexpected(flushed.error());
  take(std::move(groups), out);
  return out;
}

bool Packer::goes_alone(const Item& item) const {
  return texts_ != nullptr && item.prompt.size() > texts_->safe_bytes();
}

void Packer::put_new(Item&& item, Out& out) {
  const PackSize::Size size = size_.now();
  if (goes_alone(item)) {
    Open alone;
    put(std::move(item), 1, alone, out);
    return;
  }
  if (open_.items.empty()) open_.epoch = size.epoch;
  put(std::move(item), static_cast<std::size_t>(size.rows), open_, out);
}

Packer::Out Packer::resumed() {
  Out out;
  first_ = First::not_waited_for;
  for (Item& item : std::exchange(waiting_, {})) put_new(std::move(item), out);
  return out;
}

Packer::Out Packer::add_again(Items&& items) {
  Out out;
  Open open;
  const std::size_t rows = static_cast<std::size_t>(std::max(1, size_.now().rows / 2));
  for (Item& item : items) put(std::move(item), rows, open, out);
  close(open, out);
  return out;
}

Packer::Out Packer::add_half(Items&& items, bool first) {
  Out out;
  Open open{.items = std::move(items)};
  close(open, out);
  for (const RequestPtr& request : out.requests) request->first = first;
  return out;
}

Packer::Out Packer::flush() {
  Out out;
  if (first_ == First::to_be_made && open_.items.empty() && !waiting_.empty()) out = resumed();
  close(open_, out);
  return out;
}

void Packer::put(Item&& item, std::size_t rows, Open& open, Out& out) {
  const std::size_t bytes = texts_ != nullptr
                                ? texts_->pack_bytes()
                                : static_cast<std::size_t>(spec_.pack.tokens) * kBytesPerToken;
  if (!open.items.empty() && open.bytes + item.prompt.size() > bytes) close(open, out);
  if (open.items.empty()) open.items.reserve(std::min(rows, core::kBatchRows));
  open.bytes += item.prompt.size();
  open.items.push_back(std::move(item));
  if (open.items.size() >= rows) close(open, out);
}

void Packer::close(Open& open, Out& out) {
  if (open.items.empty()) return;
  auto request = std::make_shared<Request>();
  request->id = next_request_++;
  request->items = std::move(open.items);
  request->size_epoch = open.epoch;
  if (&open == &open_ && first_ == First::to_be_made) {
    request->first = true;
    first_ = First::out;
  }
  out.requests.push_back(std::move(request));
  open = {};
}

namespace {

// A frame and a few escapes are within what each item costs beside its texts.
void give_content(Request& request, std::shared_ptr<const std::string> content) {
  std::size_t covered = 0;
  for (const Item& item : request.items)
    covered += item.prompt.size() + kBeside / 2 + (item.files ? item.files->encoded : 0);
  request.extra_bytes = content->size() > covered ? content->size() - covered : 0;
  request.user_content = std::move(content);
}

// A list of strings. What was wrong with an earlier reply is not the text's.
void build_inputs(Request& request) {
  auto content = std::make_shared<std::string>("[");
  content->reserve(prompt_bytes(request) + 8 * request.items.size());
  for (const Item& item : request.items) {
    if (content->size() > 1) *content += ',';
    core::append_json_string(*content, item.prompt);
  }
  *content += ']';
  give_content(request, std::move(content));
}

// One row.
void build_with_files(Request& request) {
  const Item& item = request.items.front();
  std::string with;
  auto content = content_with_files(item.files.get(), text_of(item, with));
  if (!content) {
    request.reject = std::make_shared<const core::Reject>(std::move(content.error()));
    return;
  }
  give_content(request, std::make_shared<const std::string>(std::move(*content)));
}

}  // namespace

void build(Request& request, const Question& question) {
  if (question.vectors) return build_inputs(request);
  if (question.files) return build_with_files(request);
  build(request, question.packed);
}

void build(Request& request, bool packed) {
  auto content = std::make_shared<std::string>();
  if (!packed) {
    std::string with;
    core::append_json_string(*content, text_of(request.items.front(), with));
  } else {
    const core::Hash128 first = request.items.front().question;
    const std::size_t count = request.items.size();
    std::vector<std::string> with(count);
    std::vector<provider::FramedRow> rows;
    rows.reserve(count);
    request.ids.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      request.ids.push_back(row_id(first, i));
      rows.push_back({request.ids[i], text_of(request.items[i], with[i])});
    }
    std::string text;
    provider::append_framed(text, rows);
    core::append_json_string(*content, text);
  }
  give_content(request, std::move(content));
}

}  // namespace sluice::stages
