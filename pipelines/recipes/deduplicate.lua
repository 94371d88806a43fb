-- deduplicate: one spelling for all rows that mean the same thing.
--
--   deduplicate { "{{company}}, {{city}}", of = "company" }
--
-- Rows that differ in case, spaces and punctuation alone become one question, which is asked and
-- paid for once (`fold = false`: not). Adds a column `same_as` (`into`): group by it.
local s = require "sluice"
local options = require "sluice.recipes.options"
local text = require "sluice.recipes.text"

local function folded(words)
  return (words:lower():gsub("[%p%s]+", " "):gsub("^ ", ""):gsub(" $", ""))
end

return function(given)
  local o = options("deduplicate", given, {
    { "of", "text", required = true, help = 'what the rows are: of = "company"' },
    { "form", "text", help = 'how the spelling looks: "the registered name, without its legal form"' },
    { "fold", "boolean", default = true, help = "false: rows are asked as they are written" },
    { "into", "text", default = "same_as", help = "the column that it goes to" },
  })
  local function user(row)
    local words, why = text.fill(o[1], row)
    if not words or not o.fold then return words, why end
    local plain = folded(words)
    if plain == "" then return nil, "nothing is left of the text but signs" end
    return plain
  end
  return (text.ask(o, {
    "The text names a " .. o.of .. ". Give the one spelling under which all its names should be filed.",
    o.form and "It is " .. o.form .. "." or "It is the usual full name, without abbreviations and additions.",
    "Two names of the same " .. o.of .. " get the same spelling, letter for letter; two that differ get two.",
  }, { [o.into] = s.text { min = 1, max = 200 } }, user))
end
