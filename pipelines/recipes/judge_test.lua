-- The tests of judge.lua: sluice test pipelines/recipes/judge_test.lua
local s = require "sluice"
local judge = require "sluice.recipes.judge"

local pipeline = s.pipeline {
  name = "judge", s.read { "rows.jsonl", key = "id" },
  judge { "Question: {{question}}\n\nAnswer: {{answer}}", rubric = { correct = "states no falsehood", polite = "friendly" }, scale = 3 },
  s.dispatch { s.openai { model = "gpt-5.4-mini", key = s.secret "OPENAI_API_KEY" } }, s.sink { "out.jsonl" },
}

return {
  pipeline = pipeline,
  {
    name = "a grade for each criterion",
    rows = { { id = 1, question = "2 + 2?", answer = "4, you fool" } },
    reply = { correct = 3, polite = 1, why = "right, and rude" },
    expect = {
      rows = { { id = 1, correct = 3, polite = 1, why = "right, and rude" } },
      requests = { count = 1, with = { "from 1 (not at all) to 3", "- polite: friendly", "Answer: 4, you fool" } },
    },
  },
  {
    name = "a grade beyond the scale is asked for again",
    rows = { { id = 1, question = "2 + 2?", answer = "4" } },
    reply = { { correct = 5, polite = 2, why = "" }, { correct = 3, polite = 2, why = "" } },
    expect = { rows = { { id = 1, correct = 3 } }, requests = 2 },
  },
}
