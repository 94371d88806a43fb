-- The tests of enrich.lua: sluice test pipelines/recipes/enrich_test.lua
local s = require "sluice"
local enrich = require "sluice.recipes.enrich"

local pipeline = s.pipeline {
  name = "enrich", s.read { "rows.jsonl", key = "id" },
  enrich { "{{company}}", of = "company", fields = { industry = "in two words", employees = s.int { optional = true } } },
  s.dispatch { s.openai { model = "gpt-5.4-mini", key = s.secret "OPENAI_API_KEY" } }, s.sink { "out.jsonl" },
}

return {
  pipeline = pipeline,
  {
    name = "what the model knows, and how sure it is",
    rows = { { id = 1, company = "Acme" } },
    reply = { industry = "cartoon anvils", sure = "low" },
    expect = {
      rows = { { id = 1, industry = "cartoon anvils", sure = "low" } },
      requests = { with = { "names a company", "do not guess" } },
    },
  },
}
