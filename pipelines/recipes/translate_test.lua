-- The tests of translate.lua: sluice test pipelines/recipes/translate_test.lua
local s = require "sluice"
local translate = require "sluice.recipes.translate"

local pipeline = s.pipeline {
  name = "translate", s.read { "rows.jsonl", key = "id" },
  translate { "{{body}}", to = "German", tone = "formal", keep = { "Sluice" }, glossary = { ticket = "Anfrage" } },
  s.dispatch { s.openai { model = "gpt-5.4-mini", key = s.secret "OPENAI_API_KEY" } }, s.sink { "out.jsonl" },
}

return {
  pipeline = pipeline,
  {
    name = "a translation, by the glossary",
    rows = { { id = 1, body = "Your ticket is with Sluice." } },
    reply = { translation = "Ihre Anfrage liegt bei Sluice." },
    expect = {
      rows = { { id = 1, translation = "Ihre Anfrage liegt bei Sluice." } },
      requests = { count = 1, with = { "into German", "in a formal way", "- Sluice", "- ticket: Anfrage" } },
    },
  },
}
