-- judge: a grade for each row by a rubric.
--
--   judge { "Question: {{question}}\n\nAnswer: {{answer}}",
--           rubric = { correct = "states no falsehood", polite = "friendly without flattery" } }
--
-- Adds a column of whole numbers for each criterion, 1 (not at all) to `scale` (fully), and `why`.
local s = require "sluice"
local options = require "sluice.recipes.options"
local text = require "sluice.recipes.text"

return function(given)
  local o = options("judge", given, {
    { "rubric", "map", required = true, help = 'rubric = { correct = "states no falsehood" }' },
    { "scale", "whole", default = 5, min = 2, help = "the best grade" },
    { "why", "boolean", default = true, help = "false: no column why" },
  })
  local answer = {}
  if o.why then answer.why = s.text { max = 600, description = "what speaks for and against" } end
  for criterion, meaning in pairs(o.rubric) do
    answer[criterion] = s.int { min = 1, max = o.scale, description = meaning }
  end
  return (text.ask(o, {
    "You grade by a rubric. Grade each criterion by itself, from 1 (not at all) to " .. o.scale .. " (fully).",
    "The criteria:\n" .. text.bullets(o.rubric),
    "Length, style and confidence earn nothing unless a criterion says so.",
  }, answer))
end
