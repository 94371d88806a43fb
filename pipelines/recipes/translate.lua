-- translate: each row's text in another language.
--
--   translate { "{{body}}", to = "German" }
--   translate { "{{body}}", to = "French", tone = "formal", keep = { "Sluice" }, glossary = { ticket = "demande" } }
--
-- Adds a column `translation` (`into`).
local s = require "sluice"
local options = require "sluice.recipes.options"
local text = require "sluice.recipes.text"

return function(given)
  local o = options("translate", given, {
    { "to", "text", required = true, help = 'to = "German"' },
    { "from", "text", help = "without it, the model finds out" },
    { "tone", "text", one_of = { "formal", "informal" }, help = "how the reader is addressed" },
    { "keep", "list", help = 'words that stay as they are: { "Sluice" }' },
    { "glossary", "map", help = 'how words are translated: { ticket = "Anfrage" }' },
    { "into", "text", default = "translation", help = "the column that it goes to" },
  })
  local lines = {
    "Translate the text " .. (o.from and "from " .. o.from .. " " or "") .. "into " .. o.to
      .. ". Leave nothing out and add nothing; keep line breaks, numbers, links and markup.",
    "A text that is in " .. o.to .. " already stays as it is.",
  }
  if o.tone then lines[#lines + 1] = "Address the reader in a " .. o.tone .. " way." end
  if o.keep then lines[#lines + 1] = "Leave these words as they are:\n" .. text.bullets(o.keep) end
  if o.glossary then
    lines[#lines + 1] = "Translate these words so:\n" .. text.bullets(o.glossary)
  end
  return (text.ask(o, lines, { [o.into] = s.text { min = 1 } }))
end
