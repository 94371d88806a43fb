#include "redis/reply_reader.h"

#include <hiredis/read.h>

#include <new>

namespace sluice::redis {
namespace {

// Where the object of `task` stands: an item of its parent's, or one of its own. Null where there is no memory for it:
// no exception may pass through hiredis' frames, which takes null for that.
template <class Fill>
void* place(const redisReadTask* task, Fill&& fill) noexcept {
  Reply* own = nullptr;
  try {
    Reply* reply =
        task->parent != nullptr
            ? &static_cast<Reply*>(task->parent->obj)->items[static_cast<std::size_t>(task->idx)]
            : (own = new Reply);
    fill(*reply);
    return reply;
  } catch (const std::bad_alloc&) {
    delete own;
    return nullptr;
  }
}

void* make_string(const redisReadTask* task, char* text, size_t size) {
  return place(task, [&](Reply& reply) {
    reply.type = task->type == REDIS_REPLY_ERROR    ? Reply::Type::error
                 : task->type == REDIS_REPLY_STATUS ? Reply::Type::status
                                                    : Reply::Type::text;
    reply.text.assign(text, size);
  });
}

void* make_array(const redisReadTask* task, int count) {
  if (count < 0 || static_cast<std::size_t>(count) > kMostItems) return nullptr;
  return place(task, [&](Reply& reply) {
    reply.type = Reply::Type::array;
    reply.items.resize(static_cast<std::size_t>(count));
  });
}

void* make_integer(const redisReadTask* task, long long value) {
  return place(task, [&](Reply& reply) {
    reply.type = Reply::Type::integer;
    reply.integer = value;
  });
}

void* make_nil(const redisReadTask* task) {
  return place(task, [](Reply&) {});
}

void free_root(void* reply) {
  delete static_cast<Reply*>(reply);
}

redisReplyObjectFunctions functions = {make_string, make_array, make_integer, make_nil, free_root};

}  // namespace

void ReplyReader::Free::operator()(redisReader* reader) const {
  redisReaderFree(reader);
}

ReplyReader::ReplyReader() : reader_(redisReaderCreateWithFunctions(&functions)) {
  if (reader_ == nullptr) throw std::bad_alloc();
}

ReplyReader::~ReplyReader() = default;

bool ReplyReader::feed(std::string_view bytes) {
  if (reader_->len - reader_->pos + bytes.size() > kMostReplyBytes) return false;
  return redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) == 0;
}

std::expected<std::optional<Reply>, std::string> ReplyReader::next() {
  void* root = nullptr;
  if (redisReaderGetReply(reader_.get(), &root) != 0)
    return std::unexpected(std::string(reader_->errstr));
  if (root == nullptr) return std::nullopt;
  const std::unique_ptr<Reply> reply(static_cast<Reply*>(root));
  return std::move(*reply);
}

}  // namespace sluice::redis
