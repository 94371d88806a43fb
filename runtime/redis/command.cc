#include "redis/command.h"

#include <hiredis/hiredis.h>

#include <iterator>
#include <new>

namespace sluice::redis {

Command call(std::shared_ptr<const Script> script, const std::vector<std::string>& keys,
             std::vector<std::string> arguments, bool idempotent) {
  Command command;
  command.words = {"EVALSHA", script->sha1, std::to_string(keys.size())};
  command.words.insert(command.words.end(), keys.begin(), keys.end());
  command.words.insert(command.words.end(), std::make_move_iterator(arguments.begin()),
                       std::make_move_iterator(arguments.end()));
  command.idempotent = idempotent;
  command.script = std::move(script);
  return command;
}

std::string encode(const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* bytes = nullptr;
  const int size =
      redisFormatCommandArgv(&bytes, static_cast<int>(words.size()), texts.data(), sizes.data());
  if (size < 0) throw std::bad_alloc();
  std::string encoded(bytes, static_cast<std::size_t>(size));
  redisFreeCommand(bytes);
  return encoded;
}

}  // namespace sluice::redis
