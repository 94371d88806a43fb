-- The tests of compare.lua: sluice test pipelines/recipes/compare_test.lua
local s = require "sluice"
local compare = require "sluice.recipes.compare"

local pipeline = s.pipeline {
  name = "compare", s.read { "rows.jsonl", key = "id" },
  compare { "{{question}}", a = "{{left}}", b = "{{right}}", by = "which answer is correct", tie = false },
  s.dispatch { s.openai { model = "gpt-5.4-mini", key = s.secret "OPENAI_API_KEY" } }, s.sink { "out.jsonl" },
}

return {
  pipeline = pipeline,
  {
    name = "half of the rows show b first",
    call = "user",
    rows = { { question = "2 + 2?", left = "4", right = "5" }, { question = "2 + 2?", left = "5", right = "4" } },
    returns = { "2 + 2?\n\n<a>\n4\n</a>\n\n<b>\n5\n</b>", "2 + 2?\n\n<b>\n4\n</b>\n\n<a>\n5\n</a>" },
  },
  {
    name = "the winner by its name, wherever it stood",
    rows = { { id = 1, question = "2 + 2?", left = "4", right = "5" } },
    reply = { winner = "a", why = "4 is right" },
    expect = { rows = { { id = 1, winner = "a" } }, requests = { count = 1, with = { "which answer is correct", "must win" } } },
  },
  {
    name = "a row without one of the texts is rejected",
    rows = { { id = 1, question = "2 + 2?", left = "4" } },
    reply = { winner = "a", why = "" },
    expect = { rows = {}, rejects = { { id = 1, stage = "pack", detail = "'right'" } }, requests = 0 },
  },
}
