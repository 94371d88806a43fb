// Which reply comes next: those of a test case, by question, by row and by attempt.
//
// Threads: one at a time.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "rehearse/reply.h"
#include "stages/item.h"

namespace sluice::rehearse {

// What a test case says of one question's replies, as JSON; each may be empty.
struct ReplyTexts {
  std::string any;     // `reply`: one, or a list for successive attempts
  std::string by_row;  // `replies`: by key, or a list in the order of the rows
  // `reply` as a function of the row and of {"prompt", "attempt", "key", "endpoint", "model"}, both
  // JSON objects; gives a reply as JSON.
  std::function<core::Result<std::string>(const std::string& row, const std::string& ask)> function;
};

// Successive replies; the last one stands for all that come after it.
using ReplyList = std::vector<Reply>;

class Replies {
 public:
  // The error is what is wrong with them, for a person. `question` must outlive this.
  static std::expected<Replies, std::string> make(const ReplyTexts& texts,
                                                  const stages::Question& question);

  // Of the row's attempt that is due; the row's count moves on with used(). The error is that there
  // is none, or what the function said.
  std::expected<Reply, std::string> next(const stages::Item& item,
                                         const provider::EndpointSpec& endpoint);
  void used(const stages::Item& item) { ++attempts_[name_of(item)]; }

 private:
  explicit Replies(const stages::Question& question) : question_(&question) {}
  static std::string name_of(const stages::Item& item);
  const ReplyList* list_for(const stages::Item& item) const;
  std::expected<Reply, std::string> call(const stages::Item& item, std::size_t attempt,
                                         const provider::EndpointSpec& endpoint) const;

  const stages::Question* question_;
  ReplyList any_;
  std::map<std::string, ReplyList> by_key_;
  std::vector<ReplyList> by_line_;
  decltype(ReplyTexts::function) function_;
  std::map<std::string, std::size_t> attempts_;  // by row
};

// A key as a person writes it: without quotes.
std::string bare_key(std::string_view key_json);

}  // namespace sluice::rehearse
