// What travels through the flow. An Item is a row on its way to an answer; a Request is one API
// call's worth of items. Plain values; they belong to one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/hash.h"
#include "core/reject.h"
#include "core/row.h"
#include "flow/credits.h"
#include "provider/codec.h"
#include "stages/row_files.h"
#include "store/records.h"

namespace sluice::stages {

struct Item {
  core::Row row;
  std::string prompt;      // the row's own text, rendered
  core::Hash128 question;  // of prompt, system text, schema (question.h); zero when never asked
  core::Hash128 identity;  // of key and question: what the checkpoint knows the row by
  // As formats 1 to 4 called it; null but where the checkpoint has such names.
  std::shared_ptr<const store::RowNames> old_names;
  std::shared_ptr<const core::Reject> reject;  // ended before it was asked; null for most
  std::shared_ptr<const RowFiles> files = {};  // null where it is asked without any
  // Of its answer, where that is much longer than its prompt and its length is known: a vector's.
  std::uint32_t answer_bytes = 0;

  std::uint32_t batches = 0;        // that it stood in, and that brought it no answer
  int failed_packs = 0;             // packs it stood in whose reply was of no use as a whole
  int asked_again = 0;              // times its own answer was missing or did not fit
  std::string validation_feedback;  // what was wrong with it, told to the model
  std::vector<std::string> history;
};
using Items = std::vector<Item>;

constexpr std::size_t kBeside = 512;  // bytes of an item beside its texts
// What a row costs in credits: its bytes, its prompt, and that again in the request's body; or, in
// place of a prompt, the answer that was accepted for it; its files as they stand in a request; the
// answer where it is known to be long.
inline flow::Cost weight_of(const Item& item) {
  const std::size_t accepted = item.row.accepted ? item.row.accepted->members.size() : 0;
  const std::size_t files = item.files ? item.files->held() : 0;
  return {1, item.row.raw.size() + 2 * item.prompt.size() + accepted + files + kBeside +
                 item.answer_bytes};
}
inline flow::Cost weight_of(const Items& items) {
  flow::Cost sum;
  for (const Item& item : items) sum += weight_of(item);
  return sum;
}

// A pack in two: what is asked next when its reply was of no use.
inline std::array<Items, 2> halves_of(Items&& items) {
  const auto middle = items.begin() + static_cast<std::ptrdiff_t>((items.size() + 1) / 2);
  std::array<Items, 2> halves;
  halves[1].assign(std::make_move_iterator(middle), std::make_move_iterator(items.end()));
  items.erase(middle, items.end());
  halves[0] = std::move(items);
  return halves;
}

struct Request {
  std::uint64_t id = 0;
  Items items;
  std::vector<std::string> ids;  // of the items, in a pack; empty for one row a request
  std::shared_ptr<const std::string> user_content;  // the user message as a JSON string
  // Of rows that were not asked before: the PackSize::Size::epoch that it was made at.
  std::optional<std::uint32_t> size_epoch;
  // Other rows wait for what its reply teaches (pack.h).
  bool first = false;
  // The item that the server names as too large: it goes alone, and takes no other with it.
  std::optional<std::size_t> too_large_item;
  // Credits for what the user content is much longer than its rows' prompts (escapes).
  std::size_t extra_bytes = 0;
  // It cannot be sent: what was found out while it was built; null for all but a few.
  std::shared_ptr<const core::Reject> reject = {};
};
using RequestPtr = std::shared_ptr<Request>;

// Bytes of its user content that are text.
inline std::size_t text_bytes(const Request& request) {
  std::size_t bytes = request.user_content->size();
  for (const Item& item : request.items)
    if (item.files) bytes -= item.files->encoded;
  return bytes;
}
// What its user content counts as for quotas and money, in bytes of text, of which a token has at
// least one: a file has as many as it may have tokens.
inline std::size_t counted_bytes(const Request& request) {
  std::size_t bytes = text_bytes(request);
  for (const Item& item : request.items)
    if (item.files) bytes += item.files->tokens;
  return bytes;
}

// Whether its rows' prompts are to be embedded.
inline bool has_inputs(const Request& request) {
  return request.user_content && request.user_content->starts_with('[');
}

// Bytes of its rows' prompts.
inline std::size_t prompt_bytes(const Request& request) {
  std::size_t bytes = 0;
  for (const Item& item : request.items) bytes += item.prompt.size();
  return bytes;
}

// A request that was too large, in two: halves (of texts to embed by their bytes, since it is their
// sum that was too much), or what is not to blame and the item that is.
inline std::array<Items, 2> smaller_parts_of(Request& request) {
  Items& items = request.items;
  if (!has_inputs(request)) return halves_of(std::move(items));
  std::size_t first = items.size() - 1;  // items of the first part
  if (request.too_large_item) {
    std::swap(items[*request.too_large_item], items.back());
  } else {
    const std::size_t half = (prompt_bytes(request) + 1) / 2;
    std::size_t bytes = 0;
    for (first = 0; first + 1 < items.size() && bytes < half; ++first)
      bytes += items[first].prompt.size();
  }
  std::array<Items, 2> parts;
  const auto middle = items.begin() + static_cast<std::ptrdiff_t>(first);
  parts[1].assign(std::make_move_iterator(middle), std::make_move_iterator(items.end()));
  items.erase(middle, items.end());
  parts[0] = std::move(items);
  return parts;
}

// A request whose attempt brought a reply.
struct Completion {
  RequestPtr request;
  provider::Reply reply;
  // Of the attempt: travels with the answers that it paid for. That of a batch's line was committed
  // when the batch was collected, and only names its endpoint here.
  store::Settlement settlement;
  std::uint32_t endpoint() const { return settlement.endpoint; }
};
using Completions = std::vector<Completion>;

// Bytes that they hold beside their items.
inline std::size_t reply_bytes(const Completions& completions) {
  std::size_t bytes = 0;
  for (const Completion& completion : completions) bytes += completion.reply.bytes();
  return bytes;
}
inline std::size_t extra_bytes(const Completions& completions) {
  std::size_t bytes = 0;
  for (const Completion& completion : completions) bytes += completion.request->extra_bytes;
  return bytes;
}

}  // namespace sluice::stages
