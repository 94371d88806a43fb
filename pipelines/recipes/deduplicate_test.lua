-- The tests of deduplicate.lua: sluice test pipelines/recipes/deduplicate_test.lua
local s = require "sluice"
local deduplicate = require "sluice.recipes.deduplicate"

local pipeline = s.pipeline {
  name = "deduplicate", s.read { "rows.jsonl", key = "id" },
  deduplicate { "{{company}}, {{city}}", of = "company" },
  s.dispatch { s.openai { model = "gpt-5.4-mini", key = s.secret "OPENAI_API_KEY" } }, s.sink { "out.jsonl" },
}

return {
  pipeline = pipeline,
  {
    name = "rows that differ in case and signs alone are one question",
    rows = {
      { id = 1, company = "Acme Corp.", city = "Berlin" },
      { id = 2, company = "ACME  corp", city = "berlin" },
      { id = 3, company = "Other", city = "Berlin" },
    },
    reply = function(row, ask) return { same_as = ask.prompt == "acme corp berlin" and "Acme Corporation" or "Other" } end,
    expect = {
      rows = { { id = 1, same_as = "Acme Corporation" }, { id = 2, same_as = "Acme Corporation" }, { id = 3, same_as = "Other" } },
      requests = 2,
    },
  },
  {
    name = "a row of signs alone is rejected",
    call = "user", row = { company = "--", city = "?" }, fails = "nothing is left",
  },
}
