-- What first_job.sh runs with a program that was just installed.
local s = require "sluice"

return s.pipeline {
  name = "tickets",
  s.read { "tickets.jsonl", key = "id" },
  s.validate { body = s.text { min = 1 } },
  s.pack {
    rows   = 20,
    system = "You sort support tickets.",
    user   = "{{body}}",
    answer = { queue = s.one_of { "billing", "bug", "access", "other" } },
  },
  s.dispatch { s.openai { model = "mock", base_url = s.param("base_url"), key = "" } },
  s.sink { "out/tickets.jsonl" },
}
