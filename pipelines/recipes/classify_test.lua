-- The tests of classify.lua: sluice test pipelines/recipes/classify_test.lua
local s = require "sluice"
local classify = require "sluice.recipes.classify"

local pipeline = s.pipeline {
  name = "classify", s.read { "rows.jsonl", key = "id" },
  classify { "{{subject}}: {{body}}", labels = { billing = "money", bug = "something broke" }, other = "none", why = true, rows = 20 },
  s.dispatch { s.openai { model = "gpt-5.4-mini", key = s.secret "OPENAI_API_KEY" } }, s.sink { "out.jsonl" },
}

return {
  pipeline = pipeline,
  {
    name = "one label for each row, in one request",
    rows = { { id = 1, subject = "Invoice", body = "twice" }, { id = 2, subject = "Hi", body = "there" } },
    replies = { { label = "billing", why = "an invoice" }, { label = "none", why = "a greeting" } },
    expect = {
      rows = { { id = 1, label = "billing" }, { id = 2, label = "none", why = "a greeting" } },
      requests = { count = 1, with = { "- billing: money", "Give 'none' where", "Invoice: twice" } },
    },
  },
  {
    name = "a label that is not in the list is asked for again",
    rows = { { id = 1, subject = "Invoice", body = "twice" } },
    reply = { { label = "sales", why = "" }, { label = "bug", why = "" } },
    expect = { rows = { { id = 1, label = "bug" } }, requests = 2 },
  },
}
