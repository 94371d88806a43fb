-- The tests of summarise.lua: sluice test pipelines/recipes/summarise_test.lua
local s = require "sluice"
local summarise = require "sluice.recipes.summarise"

local pipeline = s.pipeline {
  name = "summarise", s.read { "rows.jsonl", key = "id" },
  summarise { "{{body}}", words = 5, form = "headline", language = "English" },
  s.dispatch { s.openai { model = "gpt-5.4-mini", key = s.secret "OPENAI_API_KEY" } }, s.sink { "out.jsonl" },
}

return {
  pipeline = pipeline,
  {
    name = "a headline",
    rows = { { id = 1, body = "The cat, which was grey, sat for hours on the mat." } },
    reply = { summary = "Grey cat sits on mat" },
    expect = {
      rows = { { id = 1, summary = "Grey cat sits on mat" } },
      requests = { count = 1, with = { "at most 5 words", "one headline", "in English" } },
    },
  },
  {
    name = "a summary that is far too long is asked for again",
    rows = { { id = 1, body = "The cat sat." } },
    reply = { { summary = ("long "):rep(20) }, { summary = "Cat sits" } },
    expect = { rows = { { id = 1, summary = "Cat sits" } }, requests = 2 },
  },
}
