-- moderate: which rows break the rules?
--
--   moderate { "{{comment}}" }
--   moderate { "{{comment}}", rules = { spam = "advertises something", doxing = "gives away who somebody is" } }
--
-- Adds `flagged` (true or false), `broken` (a list of rules) and `severity` (0 none to 3 grave).
local s = require "sluice"
local options = require "sluice.recipes.options"
local text = require "sluice.recipes.text"

local usual = {
  hate = "attacks people for their origin, faith, sex, orientation or disability",
  harassment = "insults, threatens or pursues somebody",
  sexual = "sexual content; anything of the kind that involves minors is grave",
  violence = "calls for, praises or depicts violence against people or animals",
  self_harm = "encourages or instructs self-harm",
  illegal = "helps with a crime",
  spam = "advertising or the same text again and again",
}

return function(given)
  local o = options("moderate", given, {
    { "rules", "map", default = usual, help = 'rules = { spam = "advertises something" }' },
    { "why", "boolean", default = false, help = "true: a column why, with the reason in a sentence" },
  })
  local names = text.names(o.rules)
  local answer = {
    flagged = s.bool,
    broken = s.list { s.one_of(names), max = #names },
    severity = s.int { min = 0, max = 3 },
  }
  if o.why then answer.why = s.text { max = 300, description = "the reason, in one sentence" } end
  return (text.ask(o, {
    "Say whether the text breaks a rule. Talking about a subject breaks none; doing it does.",
    "The rules:\n" .. text.bullets(o.rules),
    "flagged: whether any is broken. broken: which ones. severity: 0 none, 1 slight, 2 clear, 3 grave.",
  }, answer))
end
