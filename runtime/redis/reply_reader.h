// Bytes of a connection to replies, by hiredis' reader of RESP.
//
// Threads: one.
//
// Invariants:
//   1. What is held is bounded: a reply of more than kMostReplyBytes, or with an array of more than
//      kMostItems, is an error.
//   2. After an error there is nothing more to read: the place in the stream is lost.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "redis/reply.h"

struct redisReader;

namespace sluice::redis {

constexpr std::size_t kMostReplyBytes = std::size_t{256} << 20;
constexpr std::size_t kMostItems = std::size_t{1} << 20;

class ReplyReader {
 public:
  ReplyReader();
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  // False: no memory, or more than a reply may have.
  bool feed(std::string_view bytes);
  // The next reply; nothing while it is not complete; or why the bytes are not RESP.
  std::expected<std::optional<Reply>, std::string> next();

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };
  std::unique_ptr<redisReader, Free> reader_;
};

}  // namespace sluice::redis
