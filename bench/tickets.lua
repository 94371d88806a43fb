-- The job that bench/ measures: validate, template, schema-checked answer, checkpoint, sink.
local s = require "sluice"

local ca_file = s.param("ca_file", "")

return s.pipeline {
  name = "tickets",
  checkpoint = { durability = s.param("durability", "power") },

  s.read { s.param "input", key = "id" },

  s.validate { subject = s.text, body = s.text { min = 1, max = 20000 } },

  s.pack {
    rows   = s.param("rows", 1),
    system = "Sort the ticket.",
    user   = "{{subject}}\n\n{{body}}",
    answer = {
      queue   = s.one_of { "billing", "bug", "access", "sales", "other" },
      urgency = s.int { min = 1, max = 5 },
    },
  },

  s.dispatch {
    s.openai {
      model = "mock", base_url = s.param "base_url", ca_file = ca_file ~= "" and ca_file or nil,
      rpm = 1e9,  -- no limit, but known: so all that is allowed goes at once from the start
      max_concurrency = s.param("max_concurrency", 200), price = { input = 0.2, output = 1.25 },
    },
  },

  s.sink { "out.jsonl" },
}
