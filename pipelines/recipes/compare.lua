-- compare: which of two texts is better?
--
--   compare { "{{question}}", a = "{{left}}", b = "{{right}}", by = "which answer is more correct" }
--
-- Half of the rows, by what they hold, show b first, because models favour what comes first. Adds a
-- column `winner` ("a", "b" or "tie") and `why`.
local s = require "sluice"
local options = require "sluice.recipes.options"
local text = require "sluice.recipes.text"

local function is_odd(words)
  local sum = 0
  for i = 1, math.min(#words, 1000) do sum = sum + words:byte(i) * i end
  return sum % 2 == 1
end

return function(given)
  local o = options("compare", given, {
    { "a", "text", required = true, help = 'a = "{{left}}", the first text' },
    { "b", "text", required = true, help = 'b = "{{right}}", the second text' },
    { "by", "text", default = "which of the two is better", help = "what decides" },
    { "tie", "boolean", default = true, help = "false: one of the two must win" },
    { "why", "boolean", default = true, help = "false: no column why" },
  })
  local function user(row)
    local about, why = text.fill(o[1], row)
    if not about then return nil, why end
    local a, without_a = text.fill(o.a, row)
    local b, without_b = text.fill(o.b, row)
    if not a or not b then return nil, without_a or without_b end
    local first = "<a>\n" .. a .. "\n</a>"
    local second = "<b>\n" .. b .. "\n</b>"
    if is_odd(a .. b) then first, second = second, first end
    return about .. "\n\n" .. first .. "\n\n" .. second
  end
  local answer = {
    winner = s.one_of(o.tie and { "a", "b", "tie" } or { "a", "b" }),
  }
  if o.why then answer.why = s.text { max = 400, description = "the reason, in a sentence or two" } end
  return (text.ask(o, {
    "You compare two texts, a and b. What decides: " .. o.by .. ".",
    "The order in which they stand means nothing, and neither does their length.",
    o.tie and "Say 'tie' where neither is clearly better." or "One of the two must win.",
  }, answer, user))
end
