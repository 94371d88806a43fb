-- classify: one of your labels for each row, or several.
--
--   classify { "{{subject}}\n{{body}}", labels = { "billing", "bug", "access" } }
--   classify { "{{body}}", labels = { billing = "money, invoices", bug = "something broke" }, other = "none" }
--   classify { "{{body}}", labels = { "angry", "urgent" }, several = true, into = "tags" }
--
-- Adds a column `label` (`into`), and `why` when asked to.
local s = require "sluice"
local options = require "sluice.recipes.options"
local text = require "sluice.recipes.text"

return function(given)
  local o = options("classify", given, {
    { "labels", "list_or_map", required = true,
      help = 'labels = { "billing", "bug" }, or { billing = "what it means", … }' },
    { "several", "boolean", default = false, help = "true: a list with every label that fits" },
    { "other", "text", help = "one more label, for rows that no other fits" },
    { "into", "text", default = "label", help = "the column that it goes to" },
    { "why", "boolean", default = false, help = "true: a column why, with the reason in a sentence" },
  })
  local names = {}
  for _, name in ipairs(text.names(o.labels)) do names[#names + 1] = name end
  local lines = {
    o.several and "Give every label that fits the text; none is a possible answer."
              or "Give the one label that fits the text best.",
    "The labels:\n" .. text.bullets(o.labels),
  }
  if o.other then
    names[#names + 1] = o.other
    lines[#lines + 1] = "Give '" .. o.other .. "' where none of the others fits."
  end
  local label = s.one_of(names)
  local answer = { [o.into] = o.several and s.list { label, max = #names } or label }
  if o.why then answer.why = s.text { max = 300, description = "the reason, in one sentence" } end
  return (text.ask(o, lines, answer))
end
