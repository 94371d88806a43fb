-- extract: facts that stand in each row's text, as columns.
--
--   extract { "{{body}}", fields = { customer = "who writes", total = s.number { optional = true } } }
--
-- A description stands for text that is null where the row does not say it. Adds a column for each
-- field.
local options = require "sluice.recipes.options"
local text = require "sluice.recipes.text"

return function(given)
  local o = options("extract", given, {
    { "fields", "fields", required = true,
      help = 'fields = { total = s.number { optional = true }, customer = "who writes" }' },
  })
  return (text.ask(o, {
    "Take the fields out of the text. Write each as it stands there; do not guess, add or work out anything.",
    "A field that the text does not state is null, where the field may be null.",
  }, text.fields(o.fields)))
end
