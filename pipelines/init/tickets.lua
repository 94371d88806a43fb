-- tickets.lua: which queue does a support ticket belong to, and is it urgent?
--
--   sluice check tickets.lua      is the file right? sends nothing
--   sluice test tickets.lua       its tests, in tickets_test.lua: no network, no key
--   sluice run tickets.lua --set at=mock       after `sluice mock --port 8080 &`, a provider to practise on
--   sluice run tickets.lua        asks the model; needs OPENAI_API_KEY
local s = require "sluice"

local at = s.param { "at", choices = { "openai", "mock" }, default = "openai", help = "who is asked" }
local model = s.param { "model", default = "gpt-5.4-mini", help = "the model at openai" }
local rows = s.param { "rows", type = "whole", default = 10, min = 1, help = "tickets in one request" }
local mock = s.param { "mock", default = "http://127.0.0.1:8080/v1", help = "where the mock is" }

local function endpoint()
  if at == "mock" then
    return s.openai { base_url = mock, model = "mock", max_output_tokens = 2000, price = { input = 0.2, output = 1 } }
  end
  return s.openai { model = model, key = s.secret "OPENAI_API_KEY", max_output_tokens = 2000 }
end

return s.pipeline {
  name = "tickets-" .. at,      -- a job of its own for each, so that the mock's answers stay apart

  s.read { "tickets.jsonl", key = "id" },

  s.validate { subject = s.text, body = s.text { min = 1, max = 20000 } },

  s.pack {
    rows   = rows,
    system = "You sort support tickets. Urgent is what keeps somebody from working.",
    user   = "{{subject}}\n\n{{body}}",
    answer = {
      queue  = s.one_of { "billing", "bug", "access", "other" },
      urgent = s.bool,
    },
  },

  s.dispatch { endpoint(), budget = "$1" },

  s.sink { "out/" .. at .. ".jsonl", keep = { "subject" } },
}
