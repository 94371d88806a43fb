#include "queue/stream_scripts.h"

namespace sluice::queue {
namespace {

std::shared_ptr<const redis::Script> make(std::string_view text) {
  return std::make_shared<const redis::Script>(redis::make_script(text));
}

}  // namespace

const std::shared_ptr<const redis::Script>& tend_script() {
  static const auto script = make(R"(
local stream, sign = KEYS[1], KEYS[2]
local group, me, nonce, lasts, stale, dead, most, begins, prefix = unpack(ARGV)
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

local taken, left, from = {}, tonumber(most), '-'
while left > 0 do
  local page = redis.call('XPENDING', stream, group, 'IDLE', dead, from, '+', 100)
  for _, held in ipairs(page) do
    local id, owner = held[1], held[2]
    if left > 0 and owner ~= me and redis.call('EXISTS', prefix .. owner) == 0 then
      local entry = redis.call('XCLAIM', stream, group, me, dead, id)[1]
      if entry then
        taken[#taken + 1] = {entry[1], entry[2], held[4] + 1, owner}
        left = left - 1
      end
    end
    from = '(' .. id
  end
  if #page < 100 then break end
end
return {own, taken}
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
