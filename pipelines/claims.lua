-- claims.lua: what does each document claim, and is it so? Two questions: the first takes the claims out
-- of a document, the second judges each of them.
--
--   sluice run pipelines/claims.lua --set docs=docs.jsonl --set key="$OPENAI_API_KEY"
local s = require "sluice"

local work = s.param("work", "out")

local function ask()
  return s.openai {
    model    = s.param("model", "gpt-5.4-mini"),
    base_url = s.param("base_url", "https://api.openai.com/v1"),
    key      = s.param("key", ""),
  }
end

return s.pipeline {
  name = "claims",

  s.read { s.param("docs", "docs.jsonl"), key = "id" },
  s.validate { title = s.text, body = s.text },
  s.map(function(row)
    row.body = row.title .. "\n" .. row.body
    return row
  end),
  s.keep(function(row) return #row.body > 10 end),

  s.pack {
    system = "List the checkable claims that the document makes, each as a sentence of its own.",
    user   = "{{body}}",
    answer = { claims = s.list { s.text, max = 20 } },
  },
  s.dispatch { ask(), budget = s.param("budget", "$20") },
  s.parse { retries = 2 },

  s.explode(function(row)
    local rows = {}
    for n, claim in ipairs(row.claims) do
      rows[n] = { id = row.id, n = n, claim = claim, body = row.body }
    end
    return rows
  end),

  s.pack {
    system = "Does the document itself give grounds for the claim? Judge by the document alone.",
    user   = "Claim: {{claim}}\n\nDocument:\n{{body}}",
    answer = { grounded = s.bool, why = s.text { max = 200 } },
  },
  s.dispatch { ask() },
  s.parse { retries = 2 },

  s.sink { work .. "/claims.jsonl", rejects = work .. "/claims.rejects.jsonl", keep = { "id", "n", "claim" } },
}
