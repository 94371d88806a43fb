-- redact: each row's text without what would tell who is meant.
--
--   redact { "{{body}}" }
--   redact { "{{body}}", what = { "names of people", "street addresses" }, mark = "***" }
--
-- E-mail addresses, phone, card and account numbers are taken out by patterns before the text leaves
-- this machine (`before = false`: not). Adds a column `redacted` (`into`).
local s = require "sluice"
local options = require "sluice.recipes.options"
local text = require "sluice.recipes.text"

-- Digits with what may stand between them, of at least `least` digits.
local function numbers(words, least, mark)
  return (words:gsub("%+?%d[%d %-%.%(%)/]+%d", function(number)
    local _, digits = number:gsub("%d", "")
    if digits >= least then return mark end
  end))
end

return function(given)
  local o = options("redact", given, {
    { "what", "list", default = { "names of people", "postal addresses", "dates of birth",
                                  "identity, account and customer numbers" },
      help = 'what is taken out: { "names of people" }' },
    { "mark", "text", default = "[…]", help = "what stands in its place" },
    { "before", "boolean", default = true, help = "false: no patterns before the text is sent" },
    { "into", "text", default = "redacted", help = "the column that it goes to" },
  })
  local function user(row)
    local words, why = text.fill(o[1], row)
    if not words or not o.before then return words, why end
    local mark = o.mark:gsub("%%", "%%%%")
    words = words:gsub("[%w%.%%%+%-_]+@[%w%-]+%.[%w%.%-]*%w", mark)
    words = words:gsub("%f[%w]%u%u%d%d[%w ]?%w%w%w%w[%w ]+%w", mark)  -- IBAN
    return numbers(words, 7, o.mark)
  end
  return (text.ask(o, {
    "Repeat the text word for word, with '" .. o.mark .. "' in place of each of these:",
    text.bullets(o.what),
    "Change nothing else. A text without any of them stays as it is.",
  }, { [o.into] = s.text }, user))
end
