-- The tests of redact.lua: sluice test pipelines/recipes/redact_test.lua
local s = require "sluice"
local redact = require "sluice.recipes.redact"

local pipeline = s.pipeline {
  name = "redact", s.read { "rows.jsonl", key = "id" },
  redact { "{{body}}" },
  s.dispatch { s.openai { model = "gpt-5.4-mini", key = s.secret "OPENAI_API_KEY" } }, s.sink { "out.jsonl" },
}

return {
  pipeline = pipeline,
  {
    name = "addresses and numbers do not leave the machine",
    rows = { { id = 1, body = "Ann (ann.lee@example.org, +49 (30) 123-456 78, DE89 3704 0044 0532 0130 00) called 3 times in 2026." } },
    reply = { redacted = "[…] ([…], […], […]) called 3 times in 2026." },
    expect = {
      rows = { { id = 1, redacted = "[…] ([…], […], […]) called 3 times in 2026." } },
      requests = { count = 1, with = { "Ann ([…], […], […]) called 3 times in 2026." },
                   without = { "example.org", "123-456", "3704" } },
    },
  },
}
