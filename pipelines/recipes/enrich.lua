-- enrich: what a model knows of the thing that each row names, as columns.
--
--   enrich { "{{company}}, {{city}}", of = "company",
--            fields = { industry = "in two words", employees = s.int { optional = true } } }
--
-- What a model knows may be old or wrong: `sure` says how sure it is (`low`, `medium`, `high`); keep
-- the high ones, or check them. Adds a column for each field, and `sure`.
local s = require "sluice"
local options = require "sluice.recipes.options"
local text = require "sluice.recipes.text"

return function(given)
  local o = options("enrich", given, {
    { "of", "text", required = true, help = 'what the rows name: of = "company"' },
    { "fields", "fields", required = true,
      help = 'fields = { industry = "in two words", employees = s.int { optional = true } }' },
  })
  local answer = text.fields(o.fields)
  answer.sure = s.one_of { "low", "medium", "high" }
  return (text.ask(o, {
    "The text names a " .. o.of .. ". Give what you know of it.",
    "A field that you do not know is null, where it may be null: do not guess.",
    "sure: 'high' only where you know this very " .. o.of .. ", 'low' where you know it by its name alone.",
  }, answer))
end
