-- Mistakes that an editor shows: each line with a comment is warned about, and no other.
local s = require "sluice"
return s.pipeline {
  name = "wrong",
  s.read { "in.jsonl", key = 7 }, -- a number for a text
  s.validate { title = s.text { max = "long" } }, -- a text for a number
  s.pack {
    rows = "many", -- a text for a number
    user = "{{title}}",
    answer = {
      urgency = s.int { min = "one" }, -- a text for a number
    },
  },
  s.dispatch { -- its route is not one of the choices
    s.openai { model = "m", structured = "yaml" }, -- not one of the choices
    route = "fastest",
  },
  s.sinc { "out.jsonl" }, -- no such constructor
}
