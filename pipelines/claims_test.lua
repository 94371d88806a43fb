-- The tests of claims.lua: sluice test pipelines/claims.lua
local document = { id = "a", title = "Cats", body = "Cats sleep 16 hours a day. Cats are green." }

return {
  {
    name = "each claim of a document is judged on its own",
    rows = { document },
    questions = {
      { reply = { claims = { "Cats sleep 16 hours a day.", "Cats are green." } } },
      { reply = function(row)
          return { grounded = row.n == 1, why = "claim " .. row.n }
        end },
    },
    expect = {
      rows = {
        { id = "a", n = 1, claim = "Cats sleep 16 hours a day.", grounded = true },
        { id = "a", n = 2, claim = "Cats are green.", grounded = false, why = "claim 2" },
      },
      requests = { count = 3, with = { "Cats\nCats sleep", "Claim: Cats are green." } },
    },
  },
  {
    name = "a document without claims asks nothing more",
    rows = { document },
    questions = { { reply = { claims = {} } } },
    expect = { rows = {}, requests = 1 },
  },
  {
    name = "a reply that is no JSON is asked for again",
    rows = { document },
    questions = { { reply = { "I am sorry.", { claims = {} } } } },
    expect = { rows = {}, requests = 2 },
  },
  {
    name = "the title is part of what is asked about",
    call = "map",
    row = { title = "Cats", body = "sleep" },
    returns = { title = "Cats", body = "Cats\nsleep" },
  },
  {
    name = "documents of a few letters are not part of the job",
    call = "keep",
    rows = { { body = "Hm.\nWell." }, { body = "Cats sleep 16 hours." } },
    returns = { false, true },
  },
  {
    name = "a row for each claim",
    call = "explode",
    row = { id = "a", body = "…", claims = { "one", "two" } },
    returns = { { id = "a", n = 1, claim = "one" }, { id = "a", n = 2, claim = "two" } },
  },
}
