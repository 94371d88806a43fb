-- The job of the package tests: rows from standard input or from the file of the parameter `input`.
local s = require "sluice"

return s.pipeline {
  name = "tickets",
  checkpoint = { dir = s.param("work", ".sluice/tickets") },
  s.read { s.param("input", "-"), key = "id" },
  s.validate { body = s.text { min = 1 } },
  s.pack {
    rows   = 5,
    system = "You sort support tickets.",
    user   = "{{body}}",
    answer = { queue = s.one_of { "billing", "bug", "access" } },
  },
  s.dispatch {
    s.openai { model = "mock", base_url = s.param("base_url"), key = "", max_output_tokens = 1000,
               price = { input = 1, output = 1 } },
    budget = s.param("budget", "$5"),
  },
  s.sink { "out/answers.jsonl", rejects = "out/rejects.jsonl" },
}
