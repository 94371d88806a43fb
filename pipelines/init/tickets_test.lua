-- The tests of tickets.lua: rows in, the replies that the model is taken to give, and what should
-- come of them. `sluice test tickets.lua` runs them.
local invoice = { id = "T-1", subject = "Invoice 17", body = "You charged me twice." }
local crash = { id = "T-2", subject = "Crash", body = "It stops whenever I save." }
local empty = { id = "T-3", subject = "Hello", body = "" }

return {
  {
    name = "tickets share a request, and one without a text is not sent",
    rows = { invoice, crash, empty },
    replies = {
      ["T-1"] = { queue = "billing", urgent = false },
      ["T-2"] = { queue = "bug", urgent = true },
    },
    expect = {
      rows = {
        { id = "T-1", subject = "Invoice 17", queue = "billing", urgent = false },
        { id = "T-2", queue = "bug", urgent = true },
      },
      rejects = { { id = "T-3", stage = "validate" } },
      requests = { count = 1, with = { "charged me twice" }, without = { "Hello" } },
      cost = "$0.01",
    },
  },
  {
    name = "a queue that does not exist is asked for again",
    rows = { crash },
    reply = { { queue = "sales", urgent = true }, { queue = "bug", urgent = true } },
    expect = { rows = { { id = "T-2", queue = "bug" } }, requests = 2 },
  },
  {
    name = "one ticket a request, at the mock",
    set = { rows = 1, at = "mock" },
    rows = { invoice, crash },
    reply = { queue = "other", urgent = false },
    expect = { rows = { { id = "T-1" }, { id = "T-2" } }, requests = 2 },
  },
}
