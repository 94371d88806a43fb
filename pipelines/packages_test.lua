-- The tests of packages.lua: sluice test pipelines/packages.lua
local rows = {
  { package = "bash", section = "shells", description = "GNU Bourne Again SHell" },
  { package = "gcc", section = "devel", description = "GNU C compiler" },
  { package = "", section = "misc", description = "nameless" },
}

return {
  {
    name = "packages share a request, and one without a name is rejected",
    rows = rows,
    replies = { bash = { guess = "shells" }, gcc = { guess = "devel" } },
    expect = {
      rows = {
        { package = "bash", section = "shells", guess = "shells" },
        { package = "gcc", section = "devel", guess = "devel" },
      },
      rejects = { { package = "", stage = "validate" } },
      requests = { count = 1, with = { "bash: GNU Bourne Again SHell" }, without = { "nameless" } },
    },
  },
  {
    name = "a package that the reply leaves out is asked again alone",
    rows = { rows[1], rows[2] },
    replies = { bash = { guess = "shells" }, gcc = { false, { guess = "devel" } } },
    expect = { rows = { { package = "bash" }, { package = "gcc", guess = "devel" } }, requests = 2 },
  },
  {
    name = "a section that is not in the list is refused in the end",
    rows = { rows[1] },
    reply = { guess = "bakery" },
    expect = { rows = {}, rejects = { { package = "bash", stage = "parse", detail = "bakery" } } },
  },
  {
    name = "a busy server is asked again",
    rows = { rows[1] },
    reply = { { status = 429, retry_after = 30 }, { error = "timeout" }, { guess = "shells" } },
    expect = { rows = { { package = "bash", guess = "shells" } }, requests = 3 },
  },
}
