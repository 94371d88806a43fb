-- summarise: each row's text in a few words.
--
--   summarise { "{{body}}", words = 40 }
--   summarise { "{{body}}", form = "bullets", audience = "an engineer on call", language = "English" }
--
-- Adds a column `summary` (`into`).
local s = require "sluice"
local options = require "sluice.recipes.options"
local text = require "sluice.recipes.text"

local forms = {
  prose = "Write prose, in whole sentences.",
  bullets = "Write a list, each line beginning with '- '.",
  headline = "Write one headline, without a full stop.",
}

return function(given)
  local o = options("summarise", given, {
    { "words", "whole", default = 60, min = 3, help = "words at most" },
    { "form", "text", default = "prose", one_of = { "prose", "bullets", "headline" } },
    { "audience", "text", help = 'whom it is for: "an engineer on call"' },
    { "language", "text", help = "without it, the language of the text" },
    { "into", "text", default = "summary", help = "the column that it goes to" },
  })
  local lines = {
    "Summarise the text in at most " .. o.words .. " words. Say only what it says.",
    forms[o.form],
    o.language and "Write in " .. o.language .. "." or "Write in the language of the text.",
  }
  if o.audience then lines[#lines + 1] = "It is for " .. o.audience .. "." end
  return (text.ask(o, lines, { [o.into] = s.text { min = 1, max = 12 * o.words } }))
end
