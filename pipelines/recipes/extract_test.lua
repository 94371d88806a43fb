-- The tests of extract.lua: sluice test pipelines/recipes/extract_test.lua
local s = require "sluice"
local extract = require "sluice.recipes.extract"

local pipeline = s.pipeline {
  name = "extract", s.read { "rows.jsonl", key = "id" },
  extract { "{{body}}", fields = { customer = "who writes", total = s.number { optional = true } } },
  s.dispatch { s.openai { model = "gpt-5.4-mini", key = s.secret "OPENAI_API_KEY" } }, s.sink { "out.jsonl" },
}

return {
  pipeline = pipeline,
  {
    name = "what stands in the text; null what does not",
    rows = { { id = 1, body = "Ann owes us 12.50" }, { id = 2, body = "Hello" } },
    replies = { { customer = "Ann", total = 12.5 }, '{"customer":null,"total":null}' },
    expect = {
      rows = { { id = 1, customer = "Ann", total = 12.5 }, { id = 2 } },
      requests = { count = 2, with = { "do not guess" } },
    },
  },
}
