#include "queue/stream_scripts.h"

namespace sluice::queue {
namespace {

std::shared_ptr<const redis::Script> make(std::string_view text) {
  return std::make_shared<const redis::Script>(redis::make_script(text));
}

}  // namespace

const std::shared_ptr<const redis::Script>& sign_script() {
  static const auto script = make(R"(
local stream, sign = KEYS[1], KEYS[2]
local group, me, nonce, lasts, stale, begins = unpack(ARGV)
local there = redis.call('GET', sign)
if there and there ~= nonce and begins ~= '1' then
  return redis.error_reply('OTHER another process reads as ' .. me)
end
redis.call('SET', sign, nonce, 'PX', lasts)

local own = {}
for _, held in ipairs(redis.call('XPENDING', stream, group, 'IDLE', stale, '-', '+', 1000, me)) do
  own[#own + 1] = held[1]
end
if #own > 0 then
  redis.call('XCLAIM', stream, group, me, 0, unpack(own), 'JUSTID')
end
return 1
)");
  return script;
}

const std::shared_ptr<const redis::Script>& take_over_script() {
  static const auto script = make(R"(
local stream = KEYS[1]
local group, me, dead, most, prefix = unpack(ARGV)
local taken, left, from, lives = {}, tonumber(most), '-', {}
while left > 0 do
  local page = redis.call('XPENDING', stream, group, 'IDLE', dead, from, '+', 100)
  for _, held in ipairs(page) do
    local id, owner = held[1], held[2]
    if lives[owner] == nil then
      lives[owner] = owner == me or redis.call('EXISTS', prefix .. owner) == 1
    end
    if left > 0 and not lives[owner] then
      local entry = redis.call('XCLAIM', stream, group, me, dead, id)[1]
      if entry then
        taken[#taken + 1] = {entry, held[4] + 1, owner}
        left = left - 1
      end
    end
    from = '(' .. id
  end
  if #page < 100 then break end
end
return taken
)");
  return script;
}

const std::shared_ptr<const redis::Script>& give_back_script() {
  static const auto script = make(R"(
local stream, group, me, idle = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
for i = 4, #ARGV, 2 do
  local id = ARGV[i]
  if #redis.call('XPENDING', stream, group, id, id, 1, me) == 1 then
    redis.call('XCLAIM', stream, group, me, 0, id, 'IDLE', idle, 'RETRYCOUNT', ARGV[i + 1], 'JUSTID')
  end
end
return 1
)");
  return script;
}

const std::shared_ptr<const redis::Script>& own_script() {
  static const auto script = make(R"(
local list = {}
for _, held in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], '+', ARGV[4], ARGV[2])) do
  list[#list + 1] = {held[1], held[4]}
end
return list
)");
  return script;
}

const std::shared_ptr<const redis::Script>& leave_script() {
  static const auto script = make(R"(
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
)");
  return script;
}

const std::shared_ptr<const redis::Script>& put_script() {
  static const auto script = make(R"(
local stream, job, known, next, field, most = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local there = redis.call('HGET', KEYS[2], job) or ''
if there ~= known then
  return there == next and 2 or 0
end
for i = 6, #ARGV, 2 do
  local entry = {stream}
  if most ~= '' then
    entry[2], entry[3], entry[4] = 'MAXLEN', '~', most
  end
  entry[#entry + 1] = '*'
  if ARGV[i] ~= '' then
    entry[#entry + 1] = 'key'
    entry[#entry + 1] = ARGV[i]
  end
  entry[#entry + 1] = field
  entry[#entry + 1] = ARGV[i + 1]
  redis.call('XADD', unpack(entry))
end
redis.call('HSET', KEYS[2], job, next)
return 1
)");
  return script;
}

}  // namespace sluice::queue
