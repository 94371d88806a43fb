-- The tests of moderate.lua: sluice test pipelines/recipes/moderate_test.lua
local s = require "sluice"
local moderate = require "sluice.recipes.moderate"

local pipeline = s.pipeline {
  name = "moderate", s.read { "rows.jsonl", key = "id" },
  moderate { "{{comment}}", rules = { spam = "advertises", insult = "insults somebody" } },
  s.dispatch { s.openai { model = "gpt-5.4-mini", key = s.secret "OPENAI_API_KEY" } }, s.sink { "out.jsonl" },
}

return {
  pipeline = pipeline,
  {
    name = "which rules are broken, and how gravely",
    rows = { { id = 1, comment = "Buy this, you fool" }, { id = 2, comment = "Fine day" } },
    replies = { { flagged = true, broken = { "spam", "insult" }, severity = 2 }, { flagged = false, broken = {}, severity = 0 } },
    expect = {
      rows = { { id = 1, flagged = true, broken = { "spam", "insult" } }, { id = 2, flagged = false, severity = 0 } },
      requests = { count = 2, with = { "- insult: insults somebody" } },
    },
  },
}
